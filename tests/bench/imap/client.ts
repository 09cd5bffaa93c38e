/** An IMAP client that costs next to nothing: it counts octets and looks for the tagged line at their end. */
import { latin1String, utf8Bytes } from "../../../src/base/bytes.ts";
import { DOMAIN, PASSWORD } from "../peers/peer.ts";

export interface Answer {
  /** Octets of the whole answer. */
  readonly octets: number;
  /** From the command's last octet to the answer's last one. */
  readonly ms: number;
  /** The last 4096 octets of the answer at least. */
  readonly tail: string;
}

/** What an answer's end is kept of, so that its tagged line is found whole. */
const TAIL = 4096;

export class BenchClient {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(256 * 1024);
  #tag = 0;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(port: number, user = 1): Promise<BenchClient> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    const client = new BenchClient(connection);
    await client.until(/^\* OK/m);
    await client.ask(`LOGIN u${user}@${DOMAIN} ${PASSWORD}`);
    return client;
  }

  /** Sends a command; throws where it is not OK. */
  async ask(command: string | Uint8Array): Promise<Answer> {
    const tag = `t${++this.#tag}`;
    const octets = typeof command === "string" ? utf8Bytes(command) : command;
    const line = new Uint8Array(tag.length + octets.length + 3);
    line.set(utf8Bytes(`${tag} `));
    line.set(octets, tag.length + 1);
    line.set([13, 10], line.length - 2);
    const started = performance.now();
    await this.write(line);
    const answer = await this.until(new RegExp(`(?:^|\\n)${tag} (?:OK|NO|BAD)[^\\n]*\\r\\n$`));
    const said = answer.tail.slice(answer.tail.lastIndexOf(`${tag} `));
    if (!said.startsWith(`${tag} OK`)) throw new Error(`${latin1String(octets.subarray(0, 80))}: ${said}`);
    return { ...answer, ms: performance.now() - started };
  }

  async write(octets: Uint8Array): Promise<void> {
    for (let at = 0; at < octets.length;) at += await this.#connection.write(octets.subarray(at));
  }

  /** Reads until what came ends as `end` says. */
  async until(end: RegExp): Promise<Answer> {
    const started = performance.now();
    let octets = 0;
    for (let tail = "";;) {
      const count = await this.#connection.read(this.#buffer);
      if (count === null) throw new Error(`connection closed after ${JSON.stringify(tail)}`);
      octets += count;
      tail = (tail + latin1String(this.#buffer.subarray(Math.max(0, count - TAIL), count))).slice(-2 * TAIL);
      if (end.test(tail)) return { octets, ms: performance.now() - started, tail };
    }
  }

  close(): void {
    this.#connection.close();
  }
}
