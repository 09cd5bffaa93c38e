/** A job for elsewhere: the hosts of its domain in turn, until every recipient has an answer that counts. */
import { isAscii } from "../../base/ascii.ts";
import { ask, type EnvelopeSender, type Program, type QueueJob } from "../../contract/mod.ts";
import { type Attempted, type Host, type NextHop, nextHop } from "../../mta/queue/mod.ts";
import {
  type AttemptResult,
  ownPermanent,
  ownTemporary,
  type RecipientResult,
  verdictText,
} from "../../smtp/client/mod.ts";
import { ConnectError } from "../../net/connect.ts";
import type { SealedBlob } from "../../storage/storage.ts";
import type { HostTls } from "../../mta/tls_policy.ts";
import type { RelayConfig } from "../config/config.ts";
import { clientSession, type SessionResult } from "./client_session.ts";
import type { Attempt, Experience } from "./attempt.ts";
import { type OutboundParts, relayOf, wayOf } from "./parts.ts";
import { isSevenBit, sevenBit } from "./seven_bit.ts";
import { signedAgain } from "./sign_again.ts";
import { sendByTransport } from "./transports/send_by_transport.ts";
import { unlessStopped } from "./waiting.ts";

/** RFC 8689 section 4.2.1: the name of the host must be proven as well as its certificate. */
const UNPROVEN = ownPermanent(
  "5.7.10",
  "The sender requires TLS all the way, and the domain's mail exchangers are not signed (DNSSEC) nor named by MTA-STS",
  550,
);

const STOPPING = ownTemporary("4.3.2", "The server stops");

interface Progress {
  readonly results: (RecipientResult | null)[];
  readonly hosts: (string | null)[];
  readonly via: (string | null)[];
  readonly dsn: boolean[];
  readonly tls: (string | null)[];
  /** Of the last host: those before it were passed over for their own trouble. */
  experience: Experience;
  /** The message as 7-bit text, made when the first server asks for it; null: it cannot be. */
  converted: SealedBlob | null | undefined;
}

/** What became of every recipient, and what was learned of the destination. */
export interface Sent {
  readonly attempted: readonly Attempted[];
  readonly experience: Experience;
  /** Somebody asked for nothing to be tried before this time; 0 or absent: nobody did. */
  readonly notBefore?: number;
}

const NO_ROUTES: ReadonlyMap<string, RelayConfig> = new Map();

/** Where a job's domain leads. */
export function hopOf(job: QueueJob, domain: string, parts: OutboundParts): Promise<NextHop<RelayConfig>> {
  const { policy } = parts;
  const way = wayOf(job, domain);
  return parts.run(nextHop<RelayConfig>({
    ...way,
    traceId: job.traceId,
    port: policy.port,
    routes: NO_ROUTES, // `relayOf` knows them all
    relay: relayOf(job, policy),
    ownEndpoints: parts.ownEndpoints(),
    // On another port than the world's, a host of our name may be anybody: a test, a second server.
    ownName: policy.port === 25 ? parts.hostname : null,
    privateExchanges: policy.privateExchanges,
  }));
}

/** Tries to send to every recipient of the job. Never rejects for a network's sake. */
export async function sendJob(attempt: Attempt, ownDomain: string, parts: OutboundParts): Promise<Sent> {
  const { job } = attempt;
  const { domain } = wayOf(job, ownDomain);
  const relay = relayOf(job, parts.policy);
  const transport = relay && parts.transportOf(relay);
  if (transport) {
    await unlessStopped(attempt.place.own, attempt.stop.signal);
    return await sendByTransport(attempt, relay, transport, parts);
  }
  const hop = await unlessStopped(hopOf(job, ownDomain, parts), attempt.stop.signal);
  if (hop === null) return { attempted: all(job, STOPPING), experience: null };
  if (hop.kind === "none") {
    // A name server that is silent is as good as a host that is.
    const away = hop.result.kind === "temporary";
    return {
      attempted: all(job, hop.result),
      experience: away ? { reached: false, why: hop.result.text } : null,
    };
  }
  if (job.sender.requireTls && !hop.authenticated && (await parts.tls.stsOf(domain))?.mode !== "enforce") {
    return { attempted: all(job, UNPROVEN), experience: null };
  }
  const progress: Progress = {
    results: job.recipients.map(() => null),
    hosts: job.recipients.map(() => null),
    via: job.recipients.map(() => null),
    dsn: job.recipients.map(() => false),
    tls: job.recipients.map(() => null),
    experience: null,
    converted: undefined,
  };
  const needs = await needsOf(job, parts);
  try {
    await tryHosts(parts.unreachable.ordered(hop.hosts, parts.clock.wall()), domain, attempt, needs, progress, parts);
  } finally {
    progress.converted?.release();
  }
  const attempted = job.recipients.map((row, i) => ({
    row,
    result: progress.results[i] ?? STOPPING,
    host: progress.hosts[i] ?? null,
    via: progress.via[i] ?? null,
    local: false,
    tls: progress.tls[i] ?? null,
    dsn: progress.dsn[i] ?? false,
  }));
  return { attempted, experience: progress.experience };
}

/** More rounds with one host than there are things to do without, and one for a connection that was too old. */
const ROUNDS = 4;

/** Addresses of the same host, one after the other in the list, are one. */
function byName(hosts: readonly Host<RelayConfig>[]): Host<RelayConfig>[][] {
  const groups: Host<RelayConfig>[][] = [];
  for (const host of hosts) {
    const last = groups.at(-1);
    if (last && last[0]!.name === host.name && last[0]!.port === host.port) last.push(host);
    else groups.push([host]);
  }
  return groups;
}

/** One host after the other, and of each one address after the other, as long as the trouble is theirs. */
async function tryHosts(
  hosts: readonly Host<RelayConfig>[],
  domain: string,
  attempt: Attempt,
  needs: Needs,
  progress: Progress,
  parts: OutboundParts,
): Promise<void> {
  for (const group of byName(hosts)) {
    const tls = await tlsOf(group[0]!, domain, attempt, progress, parts);
    if (attempt.stop.signal.aborted) return;
    if (tls === "skip") continue;
    let left: readonly Host<RelayConfig>[] = group;
    while (left.length > 0) {
      const tried = await tryHost(left, tls, attempt, needs, progress, parts);
      if (tried === null || attempt.stop.signal.aborted) return;
      left = left.filter((host) => !tried.has(host));
    }
  }
}

/** The addresses that were tried in vain, at least one; null: no other host is to be tried. */
async function tryHost(
  hosts: readonly Host<RelayConfig>[],
  tls: HostTls | null,
  attempt: Attempt,
  { sender: needed, utf8Headers }: Needs,
  progress: Progress,
  parts: OutboundParts,
): Promise<ReadonlySet<Host<RelayConfig>> | null> {
  let { job } = attempt;
  let sender = needed;
  let tryTls = true;
  let fresh = false;
  let left = hosts;
  const tried = new Set<Host<RelayConfig>>();
  for (let round = 0; round < ROUNDS && !attempt.stop.signal.aborted; round++) {
    const open = openOnes(progress);
    const rows = open.map((index) => job.recipients[index]!);
    const session = await clientSession(
      { hosts: left, tls, job, sender, utf8Headers, rows, tryTls, fresh },
      attempt,
      parts,
    );
    const { came, host } = session;
    for (const one of session.lost) tried.add(one.host);
    if (host) tried.add(host);
    // A host that does not do what this message alone asks for is no worse for the others.
    const tooMuch = sender.requireTls && came.serverName !== null && !came.letIn;
    progress.experience = tooMuch ? null : experienceOf(came, host ?? left[0]!);
    note(session, tooMuch || attempt.stop.signal.aborted, parts);
    record(session, open, left[0]!.name, progress);
    const plain = sender.body !== "7bit" && refusedForBody(came) ? await asSevenBit(job, progress, parts) : null;
    if (plain) {
      job = plain;
      sender = { ...sender, body: "7bit" };
      for (const index of open) progress.results[index] = null;
      continue;
    }
    if (openOnes(progress).length === 0 || !came.tryNextHost) return null;
    if (host === null) return tried;
    // What ends a connection that carried others before says nothing about this message.
    if (came.reused) {
      fresh = true;
      continue;
    }
    // RFC 7435: protection that cannot be had is no reason to keep mail back, where it was only wished for.
    const wished = tls?.demand.kind === "opportunistic" && !sender.requireTls;
    if (!tryTls || !came.tlsFailed || !wished) return tried;
    tryTls = false;
    left = [host];
  }
  return tried;
}

/** Who is to be tried last for a while. */
function note({ came, host, lost }: SessionResult, ownFault: boolean, { unreachable, clock }: OutboundParts): void {
  const now = clock.wall();
  for (const one of ownFault ? [] : lost) {
    unreachable.failed(one.host, now);
    if (one.error instanceof ConnectError && one.error.noNetwork) unreachable.noNetwork(one.host, now);
  }
  if (host === null) return;
  if (came.letIn) unreachable.reached(host);
  else if (!ownFault) unreachable.failed(host, now);
}

function record({ came, via }: SessionResult, open: readonly number[], name: string, progress: Progress): void {
  for (const [i, index] of open.entries()) {
    const result = came.recipients[i]!;
    progress.results[index] = result;
    // What we found out without it is not of that server.
    if (result.remote || came.serverName !== null) {
      progress.hosts[index] = name;
      progress.via[index] = via;
    }
    progress.dsn[index] = came.dsn;
    progress.tls[index] = came.tls?.version ?? null;
  }
}

/** What the domain demands of a host; null for a relay. A host that its policy excludes is passed over with the reason. */
async function tlsOf(
  host: Host<RelayConfig>,
  domain: string,
  { job, stop }: Attempt,
  progress: Progress,
  parts: OutboundParts,
): Promise<HostTls | null | "skip"> {
  if (host.relay !== null) return null;
  const decision = await unlessStopped(parts.tls.decide(job, domain, host), stop.signal);
  if (decision === null) return "skip";
  if (decision.kind === "go") return decision.tls;
  const { type, text, policy } = decision;
  parts.tls.count(job, policy, { type, receivingHost: host.name, receivingIp: host.address });
  for (const index of openOnes(progress)) {
    if (progress.results[index]?.remote) continue; // another host's own word says more
    progress.results[index] = ownTemporary(type === "dnssec-invalid" ? "4.4.3" : "4.7.5", text);
    progress.hosts[index] = null;
    progress.via[index] = null;
  }
  progress.experience = { reached: false, why: text };
  return "skip";
}

function experienceOf(came: AttemptResult, { name }: Host<RelayConfig>): Experience {
  if (came.letIn && !came.tryNextHost) return { reached: true };
  const last = came.recipients.find((result) => result.kind === "temporary");
  if (!last) return null;
  return { reached: false, why: last.remote ? `${name} said ${verdictText(last)}` : last.text };
}

function refusedForBody({ recipients }: AttemptResult): boolean {
  return recipients.every(({ remote, enhanced }) => !remote && enhanced === "5.6.3");
}

/** The job as one of 7-bit lines: as it is where more was only declared, else converted; null: neither. */
async function asSevenBit(job: QueueJob, progress: Progress, parts: OutboundParts): Promise<QueueJob | null> {
  if (job.sender.body === "8bitmime" && await hasNo8Bit(job, parts, job.size)) return job;
  if (!isSevenBit(job.prefix)) return null;
  if (progress.converted === undefined) progress.converted = await sevenBit(job.blobId, parts.storage);
  if (progress.converted === null) return null;
  const { blobId, size } = progress.converted;
  return await signedAgain({ ...job, blobId, size }, parts);
}

/** What the message needs of a server: many clients declare 8BITMIME and SMTPUTF8 whatever they send. */
interface Needs {
  readonly sender: EnvelopeSender;
  readonly utf8Headers: boolean;
}

const PAGE = 128 * 1024;

/** RFC 6531 section 3.1, RFC 6152 section 3: both are about what is sent. Large bodies are read when it matters. */
async function needsOf(job: QueueJob, parts: OutboundParts): Promise<Needs> {
  const { sender, recipients, size } = job;
  const small = sender.body === "8bitmime" && size <= PAGE && await hasNo8Bit(job, parts, size);
  const body = small ? "7bit" : sender.body;
  if (!sender.smtputf8) return { sender: { ...sender, body }, utf8Headers: false };
  const index = await parts.storage.perform("blob.index", { blobId: job.blobId });
  const utf8Headers = !await hasNo8Bit(job, parts, index?.root.bodyStart ?? size);
  const paths = [sender.reversePath, ...recipients.map(({ recipient }) => recipient.forwardPath)];
  return { sender: { ...sender, body, smtputf8: utf8Headers || !paths.every(isAscii) }, utf8Headers };
}

/** Whether the prefix and the first `end` octets of the blob are US-ASCII. */
async function hasNo8Bit(
  { prefix, blobId }: QueueJob,
  { storage }: OutboundParts,
  end: number,
): Promise<boolean> {
  if (!isSevenBit(prefix)) return false;
  for (let at = 0; at < end; at += PAGE) {
    const page = await storage.readBlob(blobId, at, Math.min(end, at + PAGE));
    if (!isSevenBit(page)) return false;
  }
  return true;
}

function openOnes({ results }: Progress): number[] {
  const open: number[] = [];
  for (const [i, result] of results.entries()) if (result === null || result.kind === "temporary") open.push(i);
  return open;
}

function all(job: QueueJob, result: RecipientResult): Attempted[] {
  return job.recipients.map((row) => ({ row, result, host: null, tls: null, local: false, dsn: false }));
}

/** Whether the domain became ours since the message was queued: then it is delivered here. */
export function* isOursNow(job: QueueJob): Program<boolean> {
  const at = job.recipients[0]?.recipient.forwardPath.lastIndexOf("@") ?? -1;
  if (at < 0 || job.domain === null || job.route !== null || job.domain.startsWith("[")) return false;
  const address = `${job.recipients[0]!.recipient.forwardPath.slice(0, at)}@${job.domain}`;
  return (yield* ask("address.resolve", { address })).kind !== "remote";
}
