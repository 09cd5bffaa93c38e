/** A connection of texts in both directions, whatever carries it: our own frames, or those of the runtime. */

export interface MessageSocket {
  send(text: string): void;
  /** Octets that the other side has not taken yet. */
  readonly waiting: number;
  /** Resolves when little waits: true; false where that does not come in `ms`, or the connection ends. */
  drained(ms: number): Promise<boolean>;
  /** Says goodbye; `closed` of the listener follows. A code of RFC 6455 section 7.4. */
  close(code: number, reason: string): void;
}

/** Whoever uses it. */
export interface SocketListener {
  /** Once, before all else. */
  opened(socket: MessageSocket): void;
  message(text: string): void;
  /** Once, behind all else. */
  closed(): void;
}

/** What kind of connection it is to be. */
export interface UpgradeWish {
  readonly protocol: string;
  /** Octets of a message. */
  readonly longest: number;
}

/** Makes the request's connection a WebSocket; throws where it cannot. The answer is for whoever serves the request. */
export type Upgrade = (request: Request, wish: UpgradeWish, listener: SocketListener) => Response;

/** So much may wait for a client before it counts as one that does not read. */
export const LITTLE = 1024 * 1024;
/** How often it is asked whether the other side is there, and how long it may be silent. */
export const ALIVE_MS = 45_000;
