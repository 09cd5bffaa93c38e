/**
 * SMTP on standard input and output (`-bs`), for programs that speak it to a child instead of a port. The machine is the
 * server's own, for somebody of this machine; each message is handed on as a whole, so a recipient that the server does
 * not know refuses the message behind DATA.
 */
import { concatBytes } from "../../base/bytes.ts";
import type { AnswerOf, Args, BlobId, MailEnvelope, Op, Refusal, SessionId, TraceId } from "../../contract/mod.ts";
import { drive } from "../../net/drive.ts";
import type { Transport } from "../../net/transport.ts";
import type { SessionWorld } from "../../net/world.ts";
import { SMTP_LIMITS, smtpSession } from "../../smtp/server/mod.ts";

/** Octets of all recipients: they go in one line of a request. */
const MOST_RECIPIENT_OCTETS = 16_000;
const TOO_MANY: Refusal = { code: 452, enhanced: "4.5.3", text: "Too many recipients, send to the others apart" };

export interface DialogueParts {
  readonly hostname: string;
  /** Octets. */
  readonly messageSize: number;
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: (octets: Uint8Array) => void;
  /** Hands a message on; null: it is on disk. */
  readonly send: (message: Uint8Array, envelope: MailEnvelope) => Promise<Refusal | null>;
}

/** Resolves when the dialogue is over: at QUIT, or at the end of the input. */
export async function smtpDialogue(parts: DialogueParts): Promise<void> {
  const { hostname, messageSize, input, output } = parts;
  const transport = new StdioTransport(output);
  const session = smtpSession({
    profile: "mx",
    hostname,
    limits: { ...SMTP_LIMITS, messageSize, recipients: 100 },
    startTls: false,
    requireTls: false,
    allowPlaintextAuth: false,
    mechanisms: [],
  });
  const info = { id: "stdin" as SessionId, protocol: "smtp" as const, ...NOWHERE, tls: null };
  const ended = drive(session, transport, { open: () => new HandOver(parts) }, info);
  // Whoever says QUIT may leave its end open: then the input has no end.
  await Promise.race([ended, transport.feed(input).then(() => ended)]);
}

const NOWHERE = { remoteAddress: "local", remotePort: 0, localAddress: "local", localPort: 0 };

class StdioTransport implements Transport {
  readonly remoteAddress = "local";
  readonly remotePort = 0;
  readonly localAddress = "local";
  readonly localPort = 0;
  readonly tls = null;
  onData: Transport["onData"] = null;
  onClose: Transport["onClose"] = null;
  readonly #output: (octets: Uint8Array) => void;
  #paused: PromiseWithResolvers<void> | null = null;
  #closed = false;

  constructor(output: (octets: Uint8Array) => void) {
    this.#output = output;
  }

  async feed(input: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of input) {
      await this.#paused?.promise;
      if (this.#closed) return;
      this.onData?.(chunk);
    }
    await this.#paused?.promise;
    this.onClose?.(null);
  }

  write(octets: Uint8Array): boolean {
    if (!this.#closed) this.#output(octets);
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers<void>();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = null;
  }

  startTls(): Promise<never> {
    return Promise.reject(new Error("there is no TLS on stdin"));
  }

  close(): void {
    this.#closed = true;
    this.resume();
  }

  destroy(): void {
    this.close();
  }
}

class HandOver implements SessionWorld {
  readonly #parts: DialogueParts;
  readonly #bodies = new Map<number, Uint8Array[]>();
  #octets = 0;

  constructor(parts: DialogueParts) {
    this.#parts = parts;
  }

  perform<K extends Op>(op: K, args: Args<K>): AnswerOf<K> | Promise<AnswerOf<K>> {
    return this.#answer(op, args) as AnswerOf<K> | Promise<AnswerOf<K>>;
  }

  #answer(op: Op, args: unknown): unknown {
    switch (op) {
      case "clock.now":
        return Date.now();
      case "sender.verify":
        this.#octets = 0;
        return { ok: true };
      case "rcpt.verify": {
        const { recipient } = args as Args<"rcpt.verify">;
        this.#octets += encodeURIComponent(recipient.forwardPath).length +
          encodeURIComponent(recipient.orcpt ?? "").length;
        return this.#octets > MOST_RECIPIENT_OCTETS ? { refused: TOO_MANY } : { ok: true };
      }
      case "body.seal": {
        const { sink } = args as Args<"body.seal">;
        const size = (this.#bodies.get(sink) ?? []).reduce((sum, { length }) => sum + length, 0);
        return { blobId: String(sink) as BlobId, size };
      }
      case "message.receive":
        return this.#receive(args as Args<"message.receive">);
      default:
        throw new Error(`${op} is not asked here`);
    }
  }

  async #receive({ blobId, envelope, traceId }: Args<"message.receive">): Promise<AnswerOf<"message.receive">> {
    const message = concatBytes(this.#bodies.get(Number(blobId)) ?? []);
    const refused = await this.#parts.send(message, envelope);
    return refused === null
      ? { accepted: traceId as TraceId, recipients: envelope.recipients.map(() => null) }
      : { refused };
  }

  bodyChunk(sink: number, chunk: Uint8Array): void {
    const body = this.#bodies.get(sink) ?? [];
    this.#bodies.set(sink, body);
    body.push(chunk.slice());
  }

  bodyAbort(sink: number): void {
    this.#bodies.delete(sink);
  }

  readBlob(): Promise<Uint8Array> {
    throw new Error("nothing is read here");
  }

  log(): void {}

  close(): void {
    this.#bodies.clear();
  }
}
