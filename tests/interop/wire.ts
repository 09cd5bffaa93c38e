/** A raw connection: sends what it is told, reads line by line, knows no protocol. Every wait is bounded. */

const WAIT_MS = 15_000;
const encoder = new TextEncoder();

/** Octets as latin1 and back: what a raw client sends need not be text. */
export function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

export class Wire {
  #connection: Deno.TcpConn | Deno.TlsConn;
  #buffered = "";
  #closed = false;
  readonly #decoder = new TextDecoder("latin1");

  private constructor(connection: Deno.TcpConn | Deno.TlsConn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<Wire> {
    return new Wire(await within(Deno.connect({ hostname: "127.0.0.1", port }), "connect"));
  }

  static async connectTls(port: number, caFile: string): Promise<Wire> {
    const wire = await Wire.connect(port);
    await wire.startTls(caFile);
    return wire;
  }

  /** The handshake on a connection that is already there, checked against the authority. */
  async startTls(caFile: string): Promise<void> {
    const caCerts = [await Deno.readTextFile(caFile)];
    const tls = await within(
      Deno.startTls(this.#connection as Deno.TcpConn, { hostname: "localhost", caCerts }),
      "TLS",
    );
    await within(tls.handshake(), "TLS handshake");
    this.#connection = tls;
  }

  /** Sends UTF-8 text or octets as they are. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    await within(this.#write(bytes), "send");
  }

  /** The next line without its CRLF; null at the end of the stream. */
  async line(ms = WAIT_MS): Promise<string | null> {
    for (;;) {
      const end = this.#buffered.indexOf("\n");
      if (end >= 0) {
        const line = this.#buffered.slice(0, end).replace(/\r$/, "");
        this.#buffered = this.#buffered.slice(end + 1);
        return line;
      }
      if (!await this.#fill(ms)) return null;
    }
  }

  /** Reads lines until one starts with `start`, and gives all of them. Throws at the end of the stream. */
  async until(start: string, ms = WAIT_MS): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line(ms);
      if (line === null) throw new Error(`closed before ${JSON.stringify(start)}: ${JSON.stringify(lines.slice(-5))}`);
      lines.push(line);
      if (line.startsWith(start)) return lines;
    }
  }

  /** A whole SMTP reply. */
  async reply(ms = WAIT_MS): Promise<string> {
    for (;;) {
      const line = await this.line(ms);
      if (line === null) throw new Error("closed before a reply");
      if (line[3] !== "-") return line;
    }
  }

  /** Everything until the peer closes, or until `ms` have passed without an octet. */
  async rest(ms = WAIT_MS): Promise<string> {
    try {
      while (await this.#fill(ms));
    } catch { /* time is up, or reset */ }
    const all = this.#buffered;
    this.#buffered = "";
    return all;
  }

  /** Whether the peer closes (or resets) the connection within `ms`; what it says until then is dropped. */
  async closes(ms = WAIT_MS): Promise<boolean> {
    const end = performance.now() + ms;
    try {
      while (performance.now() < end) {
        if (!await this.#fill(end - performance.now())) return true;
        this.#buffered = "";
      }
    } catch (error) {
      return !(error instanceof TooLate);
    }
    return false;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#connection.close();
    } catch { /* gone */ }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  async #fill(ms: number): Promise<boolean> {
    const chunk = new Uint8Array(16_384);
    const length = await within(this.#connection.read(chunk), "read", ms);
    if (length === null) return false;
    this.#buffered += this.#decoder.decode(chunk.subarray(0, length));
    return true;
  }
}

class TooLate extends Error {}

function within<T>(work: Promise<T>, what: string, ms = WAIT_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(`${what}: nothing after ${Math.round(ms)} ms`)), ms);
  });
  work.catch(() => {}); // may fail long after nobody waits
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
