/** A job for elsewhere: the hosts of its domain in turn, until every recipient has an answer that counts. */
import { ask, type Program, type QueueJob } from "../../contract/mod.ts";
import { type Attempted, type Host, nextHop } from "../../mta/queue/mod.ts";
import { ownPermanent, ownTemporary, type RecipientResult } from "../../smtp/client/mod.ts";
import type { RelayConfig } from "../config/config.ts";
import { clientSession } from "./client_session.ts";
import type { Attempt, OutboundParts } from "./parts.ts";
import { unlessStopped } from "./waiting.ts";

/** RFC 8689 section 4.2.1: the name of the host must be proven as well as its certificate. */
const UNPROVEN = ownPermanent(
  "5.7.10",
  "The sender requires TLS all the way, and the domain's mail exchangers are not signed (DNSSEC)",
  550,
);

const STOPPING = ownTemporary("4.3.2", "The server stops");

interface Progress {
  readonly results: (RecipientResult | null)[];
  readonly hosts: (string | null)[];
  readonly dsn: boolean[];
}

/** Tries to send to every recipient of the job. Never rejects for a network's sake. */
export async function sendJob(attempt: Attempt, domain: string, parts: OutboundParts): Promise<Attempted[]> {
  const { job } = attempt;
  const { policy } = parts;
  const looking = parts.run(nextHop<RelayConfig>({
    domain,
    traceId: job.traceId,
    port: policy.port,
    routes: policy.routes,
    relay: policy.relay,
    ownEndpoints: parts.ownEndpoints(),
    // On another port than the world's, a host of our name may be anybody: a test, a second server.
    ownName: policy.port === 25 ? parts.hostname : null,
  }));
  const hop = await unlessStopped(looking, attempt.stop.signal);
  if (hop === null) return all(job, STOPPING);
  if (hop.kind === "none") return all(job, hop.result);
  if (job.sender.requireTls && !hop.authenticated) return all(job, UNPROVEN);
  const progress: Progress = {
    results: job.recipients.map(() => null),
    hosts: job.recipients.map(() => null),
    dsn: job.recipients.map(() => false),
  };
  for (const host of hop.hosts) {
    if (!await tryHost(host, attempt, progress, parts)) break;
  }
  return job.recipients.map((row, i) => ({
    row,
    result: progress.results[i] ?? STOPPING,
    host: progress.hosts[i] ?? null,
    local: false,
    dsn: progress.dsn[i] ?? false,
  }));
}

/** False: no other host is to be tried. */
async function tryHost(
  host: Host<RelayConfig>,
  attempt: Attempt,
  progress: Progress,
  parts: OutboundParts,
): Promise<boolean> {
  for (const tryTls of [true, false]) {
    if (attempt.stop.signal.aborted) return false;
    const open = openOnes(progress);
    const rows = open.map((index) => attempt.job.recipients[index]!);
    const came = await clientSession({ host, job: attempt.job, rows, tryTls }, attempt, parts);
    for (const [i, index] of open.entries()) {
      const result = came.recipients[i]!;
      progress.results[index] = result;
      // What we found out without it is not of that server.
      if (result.remote || came.serverName !== null) progress.hosts[index] = host.name;
      progress.dsn[index] = came.dsn;
    }
    if (openOnes(progress).length === 0 || !came.tryNextHost) return false;
    // RFC 7435: protection that cannot be had is no reason to keep mail back, where it was only wished for.
    if (!came.tlsFailed || host.relay !== null || attempt.job.sender.requireTls) return true;
  }
  return true;
}

function openOnes({ results }: Progress): number[] {
  const open: number[] = [];
  for (const [i, result] of results.entries()) if (result === null || result.kind === "temporary") open.push(i);
  return open;
}

function all(job: QueueJob, result: RecipientResult): Attempted[] {
  return job.recipients.map((row) => ({ row, result, host: null, local: false, dsn: false }));
}

/** Whether the domain became ours since the message was queued: then it is delivered here. */
export function* isOursNow(job: QueueJob): Program<boolean> {
  const at = job.recipients[0]?.recipient.forwardPath.lastIndexOf("@") ?? -1;
  if (at < 0 || job.domain === null || job.domain.startsWith("[")) return false;
  const address = `${job.recipients[0]!.recipient.forwardPath.slice(0, at)}@${job.domain}`;
  return (yield* ask("address.resolve", { address })).kind !== "remote";
}
