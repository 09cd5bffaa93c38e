/**
 * The server's side of TLS for sockets that are accepted already: behind STARTTLS, behind a PROXY header, or at once.
 * One `tls.Server` that never listens; sockets are handed to it, which gives its handshake timeout, SNI and reload.
 */
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Certificates } from "./certificates.ts";

export interface TlsAcceptor {
  /** Makes TLS of a paused socket. Rejects when the handshake fails or takes too long; the socket is destroyed then. */
  accept(raw: Socket): Promise<TLSSocket>;
  close(): void;
}

interface Pending {
  resolve(socket: TLSSocket): void;
  reject(error: Error): void;
}

/** TLS 1.2 and later; no ALPN, because a client's mismatch would be fatal. */
export function createTlsAcceptor(certificates: Certificates, handshakeTimeoutMs: number = 15_000): TlsAcceptor {
  const pending = new Map<Socket, Pending>();
  const { cert, key } = certificates.default;
  const { clientAuthorities } = certificates;
  const server = createServer({
    cert,
    key,
    minVersion: "TLSv1.2",
    handshakeTimeout: handshakeTimeoutMs,
    allowHalfOpen: true,
    // Whoever has none, or another's, comes in all the same and logs in otherwise.
    ...(clientAuthorities === null ? {} : { requestCert: true, rejectUnauthorized: false, ca: [clientAuthorities] }),
    SNICallback: (name, done) => done(null, certificates.context(name)),
  });
  const forget = certificates.onChange(() => server.setSecureContext(certificates.default));

  server.on("secureConnection", (secured) => {
    const raw = rawOf(secured);
    const wait = raw === null ? undefined : pending.get(raw);
    if (raw === null || wait === undefined) return void secured.destroy();
    pending.delete(raw);
    wait.resolve(secured);
  });
  server.on("tlsClientError", (error, secured) => {
    const raw = secured ? rawOf(secured) : null;
    secured?.on("error", nothing);
    secured?.destroy();
    if (raw === null) return;
    pending.get(raw)?.reject(error);
    pending.delete(raw);
    raw.destroy();
  });
  server.on("error", nothing);

  return {
    accept(raw) {
      return new Promise<TLSSocket>((resolve, reject) => {
        const gone = (): void => {
          pending.delete(raw);
          reject(new Error("the connection ended in the TLS handshake"));
        };
        if (raw.destroyed) return gone();
        raw.once("close", gone);
        // Half open, a peer that has left (a probe of the port) is not noticed until the handshake's time is up.
        const { allowHalfOpen } = raw;
        raw.allowHalfOpen = false;
        pending.set(raw, {
          resolve(secured) {
            raw.allowHalfOpen = allowHalfOpen;
            raw.off("close", gone);
            resolve(secured);
          },
          reject(error) {
            raw.off("close", gone);
            reject(error);
          },
        });
        server.emit("connection", raw);
      });
    },
    close: forget,
  };
}

/** The socket below: `_parent` is what Node calls it, and a test holds the runtime to it. */
function rawOf(secured: TLSSocket): Socket | null {
  return (secured as unknown as { _parent?: Socket })._parent ?? null;
}

function nothing(): void {}
