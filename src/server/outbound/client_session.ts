/** One attempt at one host: over a connection that waits for a message, else over one that is made for it. */
import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import type { EnvelopeSender, OutgoingMail, QueueJob, QueueRow } from "../../contract/mod.ts";
import type { Host } from "../../mta/queue/mod.ts";
import { connect, ConnectError } from "../../net/connect.ts";
import type { Transport } from "../../net/transport.ts";
import { type AttemptResult, type ClientReuse, ownTemporary } from "../../smtp/client/mod.ts";
import type { RelayConfig } from "../config/config.ts";
import { demandKey, type HostTls } from "../../mta/tls_policy.ts";
import { TlsSession } from "../tls_policy/tls_session.ts";
import { Connection } from "./connection.ts";
import type { Pooled } from "./connection_pool.ts";
import type { Attempt } from "./attempt.ts";
import type { OutboundParts } from "./parts.ts";
import { unlessStopped } from "./waiting.ts";

const CONNECT_MS = 30_000; // a host that does not answer in this time has others beside it, or is tried later
const REUSE: ClientReuse = { messages: 100, ms: 5 * 60_000 };

export interface SessionRequest {
  readonly host: Host<RelayConfig>;
  readonly job: QueueJob;
  /** What its domain demands; null: a relay, whose configuration says. */
  readonly tls: HostTls | null;
  /** The job's, or what it may be taken for. */
  readonly sender: EnvelopeSender;
  /** Header fields hold octets above 127. */
  readonly utf8Headers: boolean;
  readonly rows: readonly QueueRow[];
  /** False: STARTTLS failed a moment ago where it was only wished for. */
  readonly tryTls: boolean;
  /** A connection that carried other messages has just failed: make a new one. */
  readonly fresh: boolean;
}

/** Resolves when every recipient's result is known; QUIT is said behind its back. Never rejects. */
export async function clientSession(
  request: SessionRequest,
  attempt: Attempt,
  parts: OutboundParts,
): Promise<AttemptResult> {
  const { job } = request;
  const key = keyOf(request);
  const waiting = await connectionFor(key, request.fresh, attempt, parts);
  if (waiting) return await bound(waiting, waiting.send(mailOf(request), job.traceId, attempt.sent), attempt);
  const { tls } = request;
  const session = tls && new TlsSession(tls, request.host, parts.tls, () => parts.clock.wall());
  let transport: Transport;
  try {
    transport = await connected(request, session, attempt.stop.signal, parts);
  } catch (error) {
    return notConnected(request, error, attempt.stop.signal.aborted);
  }
  const relay = request.host.relay;
  const login = relay !== null && relay.username !== null && relay.password !== null;
  const options = {
    ...mailOf(request),
    hostname: parts.hostname,
    profile: relay?.protocol ?? "smtp",
    tls: tlsWish(request),
    auth: login
      ? { username: relay.username!, password: relay.password!, nonce: randomBytes(18).toString("base64") }
      : null,
    reuse: { ...REUSE, ahead: parts.connections.mayGoAhead(key, parts.clock.monotonic()) },
  };
  const made = new Connection(key, transport, options, job.traceId, request.host.name, parts, attempt.sent);
  const came = await bound(made, made.first, attempt);
  // Where TLS was left out on purpose there is nothing to tell of it.
  const told = session !== null && request.tryTls && !attempt.stop.signal.aborted;
  return told ? session.ended(came, job) : came;
}

/** One that asks for a message; null: one is to be made, and there is room for it. */
async function connectionFor(
  key: string,
  fresh: boolean,
  { place, stop }: Attempt,
  { connections }: OutboundParts,
): Promise<Pooled | null> {
  const waiting = fresh ? null : connections.take(key);
  if (waiting !== null || place.isOwn) return waiting;
  await unlessStopped(place.own, stop.signal);
  return fresh ? null : connections.take(key);
}

/** The connection is the attempt's until the result is known, and until it has ended where it says goodbye then. */
async function bound(
  connection: Pooled,
  result: Promise<AttemptResult>,
  { stop, cut, goodbyes }: Attempt,
): Promise<AttemptResult> {
  const onStop = () => connection.stop();
  const onCut = () => connection.cut();
  const signals = [[stop.signal, onStop], [cut.signal, onCut]] as const;
  for (const [signal, listener] of signals) {
    signal.addEventListener("abort", listener, { once: true });
    if (signal.aborted) listener();
  }
  const release = (): void => {
    for (const [signal, listener] of signals) signal.removeEventListener("abort", listener);
  };
  const came = await result;
  if (!connection.isLeaving) release();
  else {
    const ended = connection.ended.then(() => {
      release();
      goodbyes.delete(ended);
    });
    goodbyes.add(ended);
  }
  return came;
}

function mailOf({ job, sender, rows, utf8Headers }: SessionRequest): OutgoingMail {
  const { blobId, size, prefix } = job;
  return { sender, recipients: rows.map((row) => row.recipient), blobId, size, prefix, utf8Headers };
}

/** All that a message may count on in a connection: the host, its TLS, and who we are there. */
function keyOf(request: SessionRequest): string {
  const { name, address, port, relay } = request.host;
  const demand = request.tls && demandKey(request.tls.demand);
  const tls = [relay?.protocol ?? null, relay?.tls ?? null, relay?.ca ?? null, demand];
  tls.push(tlsWish(request), String(checksCertificate(request)));
  return JSON.stringify([name, address, port, relay?.username ?? null, relay?.password?.reveal() ?? null, ...tls]);
}

async function connected(
  request: SessionRequest,
  session: TlsSession | null,
  stop: AbortSignal,
  parts: OutboundParts,
): Promise<Transport> {
  const { host } = request;
  const family = isIP(host.address);
  const localAddress = parts.policy.sourceAddress.find((address) => isIP(address) === family);
  const ca = host.relay?.ca ? await authority(host.relay.ca) : undefined;
  const mode = host.relay?.tls === "implicit" ? "implicit" : tlsWish(request) === "none" ? "none" : "starttls";
  const promise = connect({
    host: host.address,
    port: host.port,
    timeoutMs: CONNECT_MS,
    ...(localAddress === undefined ? {} : { localAddress }),
    tls: {
      mode,
      serverName: host.name,
      rejectUnauthorized: checksCertificate(request),
      ...(ca === undefined ? {} : { ca }),
      ...session?.connectTls(),
    },
  });
  const transport = await unlessStopped(promise, stop);
  if (transport !== null) return transport;
  promise.then((late) => late.destroy(), () => {});
  throw new ConnectError("timeout", "the server stops");
}

/** Read for each connection, so that a renewed file counts at once. */
async function authority(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new ConnectError("tls", `the certificates in ${file} cannot be read`, error);
  }
}

/** A relay that wants TLS gets our password, and REQUIRETLS promises it (RFC 8689 section 4.2.1). */
function checksCertificate({ host, sender }: SessionRequest): boolean {
  return (host.relay !== null && host.relay.tls !== "none") || sender.requireTls;
}

function tlsWish({ host, sender, tls, tryTls }: SessionRequest): "none" | "opportunistic" | "required" {
  if (host.relay?.tls === "none" && !sender.requireTls) return "none";
  if (host.relay !== null || sender.requireTls || tls?.demand.kind !== "opportunistic") return "required";
  return tryTls ? "opportunistic" : "none";
}

function notConnected({ host, rows }: SessionRequest, error: unknown, stopped: boolean): AttemptResult {
  const kind = error instanceof ConnectError ? error.kind : "unreachable";
  const where = `${host.name} (${host.address}, port ${host.port})`;
  const text = stopped
    ? "The server stops"
    : kind === "refused"
    ? `${where} refuses connections`
    : kind === "timeout"
    ? `${where} does not answer`
    : kind === "tls"
    ? `No TLS with ${where} could be had`
    : `${where} cannot be reached`;
  const result = ownTemporary(stopped ? "4.3.2" : kind === "tls" ? "4.7.5" : "4.4.1", text);
  return {
    recipients: rows.map(() => result),
    tls: null,
    serverName: null,
    tryNextHost: !stopped,
    tlsFailed: false,
    letIn: false,
    reused: false,
    dsn: false,
  };
}
