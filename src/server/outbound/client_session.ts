/** One attempt at one host, whichever of its addresses answers first: over a connection that waits for a message, else over one that is made for it. */
import { randomBytes } from "node:crypto";
import { isIP, type Socket } from "node:net";
import type { EnvelopeSender, OutgoingMail, QueueJob, QueueRow } from "../../contract/mod.ts";
import type { Host } from "../../mta/queue/mod.ts";
import { ConnectError, overSocket } from "../../net/connect.ts";
import type { Transport } from "../../net/transport.ts";
import { type AttemptResult, type ClientReuse, ownTemporary, type RecipientResult } from "../../smtp/client/mod.ts";
import type { RelayConfig } from "../config/config.ts";
import { demandKey, type HostTls } from "../../mta/tls_policy.ts";
import { TlsSession } from "../tls_policy/tls_session.ts";
import { Connection } from "./connection.ts";
import type { Pooled } from "./connection_pool.ts";
import type { Attempt } from "./attempt.ts";
import type { OutboundParts } from "./parts.ts";
import { notConnected, viaText } from "./connect_text.ts";
import { type Lost, race } from "./race.ts";
import { unlessStopped } from "./waiting.ts";

const CONNECT_MS = 30_000; // a host that does not answer in this time has others beside it, or is tried later
const REUSE: ClientReuse = { messages: 100, ms: 5 * 60_000 };

export interface SessionRequest {
  /** Addresses of one host, in the order to try, at least one. */
  readonly hosts: readonly Host<RelayConfig>[];
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

export interface SessionResult {
  readonly came: AttemptResult;
  /** Who was spoken to; null: nobody could be connected to. */
  readonly host: Host<RelayConfig> | null;
  /** Those that could not be connected to. */
  readonly lost: readonly Lost<Host<RelayConfig>>[];
  /** For people: the address that was spoken to, and what became of those before it. */
  readonly via: string | null;
}

/** Resolves when every recipient's result is known; QUIT is said behind its back. Never rejects. */
export async function clientSession(
  request: SessionRequest,
  attempt: Attempt,
  parts: OutboundParts,
): Promise<SessionResult> {
  const { job, hosts, tls } = request;
  const waiting = await connectionFor(request, attempt, parts);
  if (waiting) {
    const { host, connection } = waiting;
    const came = await bound(connection, connection.send(mailOf(request), job.traceId, attempt.sent), attempt);
    return { came, host, lost: [], via: viaText(host, []) };
  }
  const stop = attempt.stop.signal;
  const dialed = await dialHosts(hosts, stop, parts);
  const { lost } = dialed;
  if (dialed.kind === "lost") {
    const came = failed(request, stop.aborted ? STOPPED : notConnected(hosts[0]!, lost));
    return { came, host: null, lost, via: null };
  }
  const { host } = dialed;
  const via = viaText(host, lost);
  const session = tls && new TlsSession(tls, host, parts.tls, () => parts.clock.wall());
  let transport: Transport;
  try {
    transport = await overTls(request, host, dialed.connection, session, stop);
  } catch (error) {
    const result = stop.aborted ? STOPPED : notConnected(host, [{ host, error }]);
    return { came: failed(request, result), host, lost, via };
  }
  const key = keyOf(request, host);
  const made = new Connection(
    key,
    transport,
    optionsOf(request, host, key, parts),
    job.traceId,
    host.name,
    parts,
    attempt.sent,
  );
  const came = await bound(made, made.first, attempt);
  // Where TLS was left out on purpose there is nothing to tell of it.
  const told = session !== null && request.tryTls && !stop.aborted;
  return { came: told ? session.ended(came, job) : came, host, lost, via };
}

function optionsOf(request: SessionRequest, { relay }: Host<RelayConfig>, key: string, parts: OutboundParts) {
  const login = relay !== null && relay.username !== null && relay.password !== null;
  return {
    ...mailOf(request),
    hostname: parts.hostname,
    profile: relay?.protocol === "lmtp" ? "lmtp" as const : "smtp" as const,
    tls: tlsWish(request),
    auth: login
      ? { username: relay.username!, password: relay.password!, nonce: randomBytes(18).toString("base64") }
      : null,
    reuse: { ...REUSE, ahead: parts.connections.mayGoAhead(key, parts.clock.monotonic()) },
  };
}

interface Waiting {
  readonly host: Host<RelayConfig>;
  readonly connection: Pooled;
}

/** One that asks for a message; null: one is to be made, and there is room for it. */
async function connectionFor(
  request: SessionRequest,
  { place, stop }: Attempt,
  { connections }: OutboundParts,
): Promise<Waiting | null> {
  const taken = (): Waiting | null => {
    for (const host of request.fresh ? [] : request.hosts) {
      // Who has a place rather makes a connection: else there would never be more than in the beginning.
      const connection = connections.take(keyOf(request, host), !place.isOwn);
      if (connection) return { host, connection };
    }
    return null;
  };
  const waiting = taken();
  if (waiting !== null || place.isOwn) return waiting;
  await unlessStopped(place.own, stop.signal);
  return taken();
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
function keyOf(request: SessionRequest, { name, address, port, relay }: Host<RelayConfig>): string {
  const demand = request.tls && demandKey(request.tls.demand);
  const tls = [relay?.protocol ?? null, relay?.tls ?? null, relay?.ca ?? null, demand];
  tls.push(tlsWish(request), String(checksCertificate(request)));
  return JSON.stringify([name, address, port, relay?.username ?? null, relay?.password?.reveal() ?? null, ...tls]);
}

/** Connects to one of the addresses, whichever answers first. */
function dialHosts(hosts: readonly Host<RelayConfig>[], stop: AbortSignal, parts: OutboundParts) {
  const { sourceAddress } = parts.policy;
  return race<Host<RelayConfig>, Socket>(hosts, stop, {
    dial: ({ address, port }, signal) => {
      const localAddress = sourceAddress.find((own) => isIP(own) === isIP(address));
      const from = localAddress === undefined ? {} : { localAddress };
      return parts.dial({ host: address, port, timeoutMs: CONNECT_MS, signal, ...from });
    },
    pause: parts.pause,
    close: (socket) => socket.destroy(),
  });
}

async function overTls(
  request: SessionRequest,
  host: Host<RelayConfig>,
  socket: Socket,
  session: TlsSession | null,
  stop: AbortSignal,
): Promise<Transport> {
  const ca = host.relay?.ca ? await authority(host.relay.ca) : undefined;
  const mode = host.relay?.tls === "implicit" ? "implicit" : tlsWish(request) === "none" ? "none" : "starttls";
  const promise = overSocket(socket, {
    timeoutMs: CONNECT_MS,
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
  socket.destroy();
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
function checksCertificate({ hosts, sender }: SessionRequest): boolean {
  const { relay } = hosts[0]!;
  return (relay !== null && relay.tls !== "none") || sender.requireTls;
}

function tlsWish({ hosts, sender, tls, tryTls }: SessionRequest): "none" | "opportunistic" | "required" {
  const { relay } = hosts[0]!;
  if (relay?.tls === "none" && !sender.requireTls) return "none";
  if (relay !== null || sender.requireTls || tls?.demand.kind !== "opportunistic") return "required";
  return tryTls ? "opportunistic" : "none";
}

const STOPPED = ownTemporary("4.3.2", "The server stops");

function failed({ rows }: SessionRequest, result: RecipientResult): AttemptResult {
  return {
    recipients: rows.map(() => result),
    tls: null,
    serverName: null,
    tryNextHost: result !== STOPPED,
    tlsFailed: false,
    letIn: false,
    reused: false,
    dsn: false,
  };
}
