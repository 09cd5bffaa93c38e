import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { constants, createDeflateRaw, createInflateRaw } from "node:zlib";
import { latin1Bytes } from "../../src/base/bytes.ts";
import { type TestServer, testServer } from "../../mod.ts";

/** A client over TCP that compresses once it has turned it on. */
class Client {
  readonly #connection: Deno.TcpConn;
  readonly #deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  readonly #inflate = createInflateRaw({ flush: constants.Z_SYNC_FLUSH });
  #compressed = false;
  #received = "";
  /** Octets on the wire. */
  octets = 0;
  #wake: (() => void) | null = null;
  readonly reading: Promise<void>;
  ended = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.#deflate.on("data", (chunk: Uint8Array) => void connection.write(new Uint8Array(chunk)));
    this.#inflate.on("data", (chunk: Uint8Array) => this.#take(Buffer.from(chunk).toString("latin1")));
    this.reading = this.#read();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65536);
    try {
      for (let n = await this.#connection.read(buffer); n !== null; n = await this.#connection.read(buffer)) {
        this.octets += n;
        if (this.#compressed) this.#inflate.write(buffer.slice(0, n));
        else this.#take(Buffer.from(buffer.subarray(0, n)).toString("latin1"));
      }
    } catch {
      // The server has reset the connection.
    }
    if (this.#compressed) {
      await new Promise<void>((resolve) => {
        this.#inflate.once("end", resolve).once("error", () => resolve());
        this.#inflate.end();
      });
    }
    this.ended = true;
    this.#wake?.();
  }

  #take(text: string): void {
    this.#received += text;
    this.#wake?.();
  }

  send(octets: Uint8Array): void {
    if (this.#compressed) this.#deflate.write(octets);
    else void this.#connection.write(octets);
  }

  async until(end: RegExp): Promise<string> {
    while (!end.test(this.#received) && !this.ended) await new Promise<void>((resolve) => this.#wake = resolve);
    const received = this.#received;
    this.#received = "";
    return received;
  }

  async command(line: string): Promise<string> {
    this.send(latin1Bytes(`t ${line}\r\n`));
    return await this.until(/^t (OK|NO|BAD) [^\n]*\n$/m);
  }

  async compress(): Promise<void> {
    assert.match(await this.command("COMPRESS DEFLATE"), /^t OK/m);
    this.#compressed = true;
  }

  async close(): Promise<void> {
    this.#connection.close();
    this.#deflate.destroy();
    this.#inflate.destroy();
    await this.reading;
  }
}

async function withClient(run: (client: Client, server: TestServer) => Promise<void>): Promise<void> {
  await using server = await testServer({ listen: true });
  const { address, port } = server.address("imap", "starttls");
  const client = new Client(await Deno.connect({ hostname: address, port }));
  try {
    await client.until(/^\* OK/);
    assert.match(await client.command("LOGIN alice@example.test alice"), /^t OK/m);
    await run(client, server);
  } finally {
    await client.close();
  }
}

Deno.test("COMPRESS=DEFLATE: both ways, with literals, bodies and IDLE (RFC 4978)", async () => {
  await withClient(async (client, server) => {
    const before = await client.command("CAPABILITY");
    assert.match(before, /COMPRESS=DEFLATE/);
    await client.compress();
    assert.doesNotMatch(await client.command("CAPABILITY"), /COMPRESS/);
    assert.match(await client.command("COMPRESS DEFLATE"), /^t BAD/);
    const text = "Subject: big\r\n\r\n" + "all the same words, again and again\r\n".repeat(30_000);
    assert.match(await client.command(`APPEND INBOX {${text.length}+}\r\n${text}`), /^t OK/m);
    await client.command("SELECT INBOX");
    const from = client.octets;
    const fetched = await client.command("FETCH 1 BODY[]");
    assert.ok(fetched.includes(text));
    assert.ok(client.octets - from < text.length / 20, "a thirtieth at most of what is so alike");
    client.send(latin1Bytes("i IDLE\r\n"));
    await client.until(/^\+ /);
    await server.deliver("Subject: news\n\nHi", "alice@example.test");
    await client.until(/^\* 2 EXISTS/m);
    client.send(latin1Bytes("DONE\r\n"));
    await client.until(/^i OK/m);
    assert.match(await client.command("LOGOUT"), /^\* BYE [^]*^t OK/m); // the last words arrive
    await client.reading;
  });
});

Deno.test("COMPRESS: what is no deflated stream ends the connection, and only that", async () => {
  await withClient(async (client, server) => {
    assert.match(await client.command("COMPRESS DEFLATE"), /^t OK/m);
    client.send(new Uint8Array(100).fill(0xff)); // not compressed
    await client.reading;
    assert.ok(client.ended);
    const other = server.connect("imap");
    await other.ask("a LOGIN alice@example.test alice", "a OK");
  });
});

Deno.test("COMPRESS: nothing may follow it before its answer; other words are refused", async () => {
  await withClient(async (client) => {
    assert.match(await client.command("COMPRESS GZIP"), /^t BAD/);
    assert.match(await client.command("COMPRESS"), /^t BAD/);
    client.send(latin1Bytes("a COMPRESS DEFLATE\r\nb NOOP\r\n"));
    assert.match(await client.until(/BYE/), /^a BAD [^]*\* BYE/m);
    await client.reading;
  });
});

Deno.test("COMPRESS: a stream that inflates without end is taken no faster than the session takes it", async () => {
  await withClient(async (client) => {
    await client.compress();
    // One line of 200 MB, deflated to 200 KB: the session refuses it at its limit of a line.
    client.send(new Uint8Array(200 * 1024 * 1024).fill(97));
    assert.match(await client.until(/BYE/), /BYE/);
    await client.reading;
  });
});
