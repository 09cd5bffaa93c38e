/** One attempt at one host: connect, drive the client machine, and say what came of it as soon as it is known. */
import { randomUUID } from "node:crypto";
import type {
  EnvelopeSender,
  LogEvent,
  Machine,
  QueueJob,
  QueueRow,
  SessionId,
  SessionInfo,
} from "../../contract/mod.ts";
import type { Host } from "../../mta/queue/mod.ts";
import { connect, ConnectError } from "../../net/connect.ts";
import { drive, type LiveSession } from "../../net/drive.ts";
import type { Transport } from "../../net/transport.ts";
import type { World } from "../../net/world.ts";
import {
  type AttemptResult,
  type ClientState,
  isFinished,
  outcome,
  ownTemporary,
  smtpClient,
} from "../../smtp/client/mod.ts";
import type { RelayConfig } from "../config/config.ts";
import type { Attempt, OutboundParts } from "./parts.ts";
import { unlessStopped } from "./waiting.ts";

const CONNECT_MS = 30_000; // a host that does not answer in this time has others beside it, or is tried later

export interface SessionRequest {
  readonly host: Host<RelayConfig>;
  readonly job: QueueJob;
  /** The job's, or what it may be taken for. */
  readonly sender: EnvelopeSender;
  /** Header fields hold octets above 127. */
  readonly utf8Headers: boolean;
  readonly rows: readonly QueueRow[];
  /** False: STARTTLS failed a moment ago where it was only wished for. */
  readonly tryTls: boolean;
}

/** Resolves when every recipient's result is known; QUIT is said behind its back. Never rejects. */
export async function clientSession(
  request: SessionRequest,
  attempt: Attempt,
  parts: OutboundParts,
): Promise<AttemptResult> {
  let transport: Transport;
  try {
    transport = await connected(request, attempt.stop.signal);
  } catch (error) {
    return notConnected(request, error, attempt.stop.signal.aborted);
  }
  return await driven(transport, request, attempt, parts);
}

async function connected(request: SessionRequest, stop: AbortSignal): Promise<Transport> {
  const { host } = request;
  const mode = host.relay?.tls === "implicit" ? "implicit" : tlsWish(request) === "none" ? "none" : "starttls";
  const promise = connect({
    host: host.address,
    port: host.port,
    timeoutMs: CONNECT_MS,
    tls: { mode, serverName: host.name, rejectUnauthorized: checksCertificate(request) },
  });
  const transport = await unlessStopped(promise, stop);
  if (transport !== null) return transport;
  promise.then((late) => late.destroy(), () => {});
  throw new ConnectError("timeout", "the server stops");
}

/** A relay that wants TLS gets our password, and REQUIRETLS promises it (RFC 8689 section 4.2.1); else RFC 7435. */
function checksCertificate({ host, sender }: SessionRequest): boolean {
  return (host.relay !== null && host.relay.tls !== "none") || sender.requireTls;
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
    dsn: false,
  };
}

async function driven(
  transport: Transport,
  request: SessionRequest,
  attempt: Attempt,
  parts: OutboundParts,
): Promise<AttemptResult> {
  const { host, job, sender, rows } = request;
  const relay = host.relay;
  const login = relay !== null && relay.username !== null && relay.password !== null;
  const session = smtpClient({
    hostname: parts.hostname,
    sender,
    recipients: rows.map((row) => row.recipient),
    blobId: job.blobId,
    size: job.size,
    prefix: job.prefix,
    utf8Headers: request.utf8Headers,
    tls: tlsWish(request),
    auth: login ? { username: relay.username!, password: relay.password! } : null,
  });
  let state: ClientState = session.state;
  const known = Promise.withResolvers<void>();
  const machine: Machine<ClientState> = {
    ...session.machine,
    step(before, input, now) {
      const step = session.machine.step(before, input, now);
      state = step.state;
      if (isFinished(state)) known.resolve();
      return step;
    },
  };
  const sessions = new Set<LiveSession>();
  const options = { sessions, deadlines: parts.deadlines, now: () => parts.clock.monotonic() };
  const onStop = () => {
    if (isFinished(state)) return cutOff(transport); // only the answer to QUIT is missing
    for (const live of sessions) live.post({ type: "shutdown" });
  };
  const onCut = () => {
    cutOff(transport);
    known.resolve();
  };
  const { stop, cut } = attempt;
  stop.signal.addEventListener("abort", onStop, { once: true });
  cut.signal.addEventListener("abort", onCut, { once: true });
  const ended = drive({ machine, state }, transport, worldOf(host, job, parts), infoOf(transport), options)
    .then(() => known.resolve(), () => known.resolve())
    .finally(() => {
      stop.signal.removeEventListener("abort", onStop);
      cut.signal.removeEventListener("abort", onCut);
      attempt.goodbyes.delete(ended);
    });
  attempt.goodbyes.add(ended);
  if (stop.signal.aborted) onStop();
  if (cut.signal.aborted) onCut();
  await known.promise;
  return outcome(state);
}

/** A transport that is destroyed tells nobody, so its driver is told here. */
function cutOff(transport: Transport): void {
  const { onClose } = transport;
  transport.destroy();
  onClose?.(new Error("the attempt was broken off"));
}

function tlsWish({ host, sender, tryTls }: SessionRequest): "none" | "opportunistic" | "required" {
  if (host.relay?.tls === "none" && !sender.requireTls) return "none";
  if (host.relay !== null || sender.requireTls) return "required";
  return tryTls ? "opportunistic" : "none";
}

function worldOf(host: Host<RelayConfig>, job: QueueJob, parts: OutboundParts): World {
  return {
    open: (session) => ({
      perform: (op) => Promise.reject(new Error(`the client machine asks nothing, and not ${op}`)),
      bodyChunk: () => {},
      bodyAbort: () => {},
      readBlob: (blobId, start, end) => parts.storage.readBlob(blobId, start, end),
      log: (event: LogEvent) =>
        parts.log({
          ...event,
          fields: { session: session.id, traceId: job.traceId, host: host.name, ...event.fields },
        }),
      close: () => {},
    }),
  };
}

function infoOf(transport: Transport): SessionInfo {
  const { remoteAddress, remotePort, localAddress, localPort, tls } = transport;
  const id = `o${randomUUID().replaceAll("-", "")}` as SessionId;
  return { id, protocol: "smtp", remoteAddress, remotePort, localAddress, localPort, tls };
}
