/**
 * A byte stream with a peer, as the driver sees it: TCP, TLS, a UNIX socket, or the in-memory twin of the tests.
 * Events, not streams: `onData` is called with a chunk that is valid until it returns.
 */
import type { TlsInfo } from "../contract/mod.ts";

/** One connection. */
export interface Transport {
  /** As text, in the form of `SessionInfo`. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Null as long as the connection is in the clear. */
  readonly tls: TlsInfo | null;
  /** Set once by the driver, before anything else. */
  onData: ((chunk: Uint8Array) => void) | null;
  /** The peer has ended (null) or the connection broke; called once for each, and for nothing after a break. */
  onClose: ((error: Error | null) => void) | null;
  /** Takes the octets over (the caller does not touch them again). False: wait for `drained()` before writing more. */
  write(bytes: Uint8Array): boolean;
  drained(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Server side of STARTTLS. Octets that came before the handshake and were not handed out are an error. */
  startTls(): Promise<TlsInfo>;
  /** Flushes, then ends; destroys after a grace where the peer does not take part. */
  close(): void;
  destroy(): void;
}
