import { latin1String, utf8Bytes } from "../base/bytes.ts";
import type { Transport } from "../net/transport.ts";

/** The client's end of a connection, as a person at a terminal has it: for tests, with any protocol. */
export interface TestConnection {
  /** Sends text (as UTF-8) or octets, just as they are: lines need their CRLF. */
  send(text: string | Uint8Array): void;
  /** The next line without its CRLF. Rejects where the connection ends before it. */
  line(): Promise<string>;
  /**
   * Everything up to and with the first match. An empty match never counts. Rejects, showing what came instead, where
   * the connection ends before it or nothing more comes for `patienceMs`.
   */
  until(pattern: string | RegExp): Promise<string>;
  /** Sends a line (its CRLF is added) and waits for the pattern; `line()` where none is given. */
  ask(line: string, pattern?: string | RegExp): Promise<string>;
  /** What has come and was not taken, now. */
  readonly pending: string;
  /** The peer has ended. */
  readonly closed: boolean;
  /** Waits for the peer's end and gives what came before it. */
  end(): Promise<string>;
  /** The client's side of STARTTLS or STLS, after the server has agreed to it. */
  startTls(): Promise<void>;
  /** Ends our side. */
  close(): void;
  /** As if the network had broken. */
  destroy(): void;
}

/** How long a test waits for words that do not come, in real milliseconds: it fails with an explanation, not by hanging. */
const PATIENCE_MS = 15_000;

/** A `TestConnection` over any transport. Received text is latin1: one character an octet. */
export function testConnection(transport: Transport, patienceMs: number = PATIENCE_MS): TestConnection {
  let received = "";
  let closed = false;
  let wake: (() => void) | null = null;
  const news = (): void => wake?.();
  transport.onData = (chunk) => {
    received += latin1String(chunk);
    news();
  };
  transport.onClose = () => {
    closed = true;
    news();
  };

  /** Looks again at each piece of news until `find` has a length to take. */
  const take = async (find: () => number | null, what: string): Promise<string> => {
    if (wake) throw new Error("somebody waits on this connection already");
    for (;;) {
      const length = find();
      if (length !== null) {
        const text = received.slice(0, length);
        received = received.slice(length);
        return text;
      }
      if (closed) throw new Error(`the connection ended before ${what}; it said ${JSON.stringify(received)}`);
      if (!await waitForNews()) throw new Error(`no ${what} came; it said ${JSON.stringify(received)}`);
    }
  };
  const waitForNews = async (): Promise<boolean> => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), patienceMs);
    wake = () => resolve(true);
    try {
      return await promise;
    } finally {
      wake = null;
      clearTimeout(timer);
    }
  };

  const line = async (): Promise<string> => {
    const found = await take(() => {
      const at = received.indexOf("\r\n");
      return at < 0 ? null : at + 2;
    }, "line");
    return found.slice(0, -2);
  };
  const until = (pattern: string | RegExp): Promise<string> =>
    take(() => {
      if (typeof pattern === "string") {
        const at = received.indexOf(pattern);
        return at < 0 || pattern === "" ? null : at + pattern.length;
      }
      const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).exec(received);
      return match === null || match[0] === "" ? null : match.index + match[0].length;
    }, String(pattern));
  const send = (text: string | Uint8Array): void =>
    void transport.write(typeof text === "string" ? utf8Bytes(text) : text.slice());

  return {
    send,
    line,
    until,
    ask(text, pattern) {
      send(text + "\r\n");
      return pattern === undefined ? line() : until(pattern);
    },
    get pending() {
      return received;
    },
    get closed() {
      return closed;
    },
    end: () => take(() => closed ? received.length : null, "end"),
    async startTls() {
      await transport.startTls();
    },
    close: () => transport.close(),
    destroy: () => transport.destroy(),
  };
}

/** A message as it is sent: text gets CRLF at the end of every line, octets stay as they are. */
export function messageBytes(message: string | Uint8Array): Uint8Array {
  if (typeof message !== "string") return message;
  const text = message.replace(/\r?\n/g, "\r\n");
  return utf8Bytes(text.endsWith("\r\n") ? text : text + "\r\n");
}
