/** Outbound connections: to a mail exchanger, a relay. Names are resolved by the caller, who knows DNS and its policy. */
import { createConnection, isIP, type Socket } from "node:net";
import { connect as tlsConnect, type TLSSocket } from "node:tls";
import { type PeerCertificates, peerCertificates } from "./peer_certificates.ts";
import { SocketTransport } from "./socket_transport.ts";
import type { Transport } from "./transport.ts";

export interface ConnectTls {
  /** `starttls`: plain until `Transport.startTls()`, which is then the client's side. */
  readonly mode: "implicit" | "starttls" | "none";
  /** SNI, and the name the certificate must bear where it is checked. */
  readonly serverName: string;
  /** Whether a certificate that cannot be verified ends the handshake. Opportunistic TLS says false (RFC 7435). */
  readonly rejectUnauthorized: boolean;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string | readonly string[];
  /**
   * The caller's own judgement, in place of `rejectUnauthorized`: why the handshake is to be ended, or null. Called when
   * it is complete, before an octet goes over it.
   */
  readonly check?: (peer: PeerCertificates) => string | null;
}

export interface ConnectOptions {
  /** An IP address, or the path of a UNIX socket with `port` 0. */
  readonly host: string;
  readonly port: number;
  /** For the connection, and again for a TLS handshake. */
  readonly timeoutMs: number;
  /** The source address to use. */
  readonly localAddress?: string;
  readonly tls?: ConnectTls;
  /** Ends the attempt; it rejects. */
  readonly signal?: AbortSignal;
}

/** Errors of the system that say nothing of the other side: no route, no such address family, no source address for it. */
const NO_NETWORK: ReadonlySet<string> = new Set(["ENETUNREACH", "EAFNOSUPPORT", "EADDRNOTAVAIL"]);

/** Why there is no connection. All are temporary from the point of view of a message; `text` is for the log. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly kind: "refused" | "timeout" | "unreachable" | "tls";
  readonly reason = "unavailable";
  /** This machine has no way to addresses of that family at all. */
  readonly noNetwork: boolean;

  constructor(kind: ConnectError["kind"], text: string, cause?: unknown) {
    super(text, { cause });
    this.kind = kind;
    this.noNetwork = NO_NETWORK.has((cause as { readonly code?: string } | undefined)?.code ?? "");
  }
}

/** Resolves with the connection, under TLS with mode `implicit`. Rejects with `ConnectError`. */
export async function connect(options: ConnectOptions): Promise<Transport> {
  return await overSocket(await openSocket(options), options);
}

/** What speaks over a socket that `openSocket` gave. Rejects with `ConnectError`; then the socket is gone. */
export async function overSocket(
  raw: Socket,
  options: Pick<ConnectOptions, "tls" | "timeoutMs">,
): Promise<Transport> {
  const tls = options.tls;
  if (tls === undefined || tls.mode === "none") return new SocketTransport(raw, null);
  const upgrade = (socket: Socket): Promise<TLSSocket> => handshake(socket, tls, options.timeoutMs);
  if (tls.mode === "starttls") return new SocketTransport(raw, upgrade);
  return new SocketTransport(await upgrade(raw), null);
}

/** The connection alone, paused and without TLS. Rejects with `ConnectError`. */
export function openSocket(options: Omit<ConnectOptions, "tls">): Promise<Socket> {
  const { host, port, timeoutMs, localAddress, signal } = options;
  const where = port === 0
    ? { path: host }
    : { host, port, ...(localAddress === undefined ? {} : { localAddress }), noDelay: true };
  if (port !== 0 && isIP(host) === 0) {
    return Promise.reject(new ConnectError("unreachable", `${host} is no address`));
  }
  return new Promise((resolve, reject) => {
    const raw = createConnection({ ...where, allowHalfOpen: true });
    const timer = setTimeout(() => fail(new ConnectError("timeout", `no answer from ${host}:${port}`)), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", given);
      raw.destroy();
      reject(error);
    };
    const given = (): void => fail(new ConnectError("unreachable", `${host}:${port} was given up`));
    if (signal?.aborted) return given();
    signal?.addEventListener("abort", given, { once: true });
    raw.on("error", (error: Error & { code?: string }) =>
      fail(
        new ConnectError(
          error.code === "ECONNREFUSED" ? "refused" : "unreachable",
          `${host}:${port}: ${error.message}`,
          error,
        ),
      ));
    raw.once("connect", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", given);
      raw.setNoDelay(true);
      raw.pause(); // nothing is read before somebody listens
      resolve(raw);
    });
  });
}

function handshake(raw: Socket, tls: ConnectTls, timeoutMs: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer);
      secured.destroy();
      raw.destroy();
      reject(new ConnectError("tls", `TLS with ${tls.serverName}: ${error.message}`, error));
    };
    const secured = tlsConnect({
      socket: raw,
      // RFC 6066 section 3: no literal addresses in SNI.
      ...(isIP(tls.serverName) === 0 ? { servername: tls.serverName } : { host: tls.serverName }),
      rejectUnauthorized: tls.check === undefined && tls.rejectUnauthorized,
      minVersion: "TLSv1.2",
      ...(tls.ca === undefined ? {} : { ca: typeof tls.ca === "string" ? tls.ca : [...tls.ca] }),
    });
    const timer = setTimeout(() => fail(new Error("the handshake takes too long")), timeoutMs);
    const ended = (): void => fail(new Error("the connection ended in the handshake"));
    secured.on("error", fail).once("close", ended);
    secured.once("secureConnect", () => {
      const refused = tls.check?.(peerCertificates(secured, tls.serverName, Date.now())) ?? null;
      if (refused !== null) return fail(new Error(refused));
      clearTimeout(timer);
      secured.off("close", ended);
      secured.pause();
      resolve(secured);
    });
  });
}
