/** The client machine against the server machine, with a wire between them and a clock that nobody waits for. */
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import type {
  AnySession,
  BlobId,
  Effect,
  EnvelopeSender,
  Input,
  OutgoingMail,
  SessionInfo,
} from "../../src/contract/mod.ts";
import { type ClientState, smtpClient } from "../../src/smtp/client/mod.ts";
import { SMTP_LIMITS, smtpSession } from "../../src/smtp/server/mod.ts";
import { type Answers, TEST_SESSION } from "../support/run_machine.ts";

const SENDER: EnvelopeSender = {
  reversePath: "a@here.example",
  size: null,
  body: "7bit",
  smtputf8: false,
  requireTls: false,
  ret: null,
  envid: null,
};
export const TEXT = "Subject: x\r\n\r\n.hello\r\n";
export const mail = (to: string): OutgoingMail => ({
  sender: SENDER,
  recipients: [{ forwardPath: to, notify: null, orcpt: null }],
  blobId: "b1" as BlobId,
  size: TEXT.length,
  prefix: new Uint8Array(),
  utf8Headers: false,
});

type Refusal = { readonly code: number; readonly enhanced: string; readonly text: string };
type Side = "client" | "server";

/** Both ends of a connection. Octets take `latency` milliseconds; nothing else takes time but what waits. */
export class Pair {
  now = 0;
  readonly got: string[] = [];
  /** Octets towards the client after which no more arrive. */
  muteAfter = Infinity;
  /** Octets towards either side after which the connection breaks. */
  breakAfter: Record<Side, number> = { client: Infinity, server: Infinity };
  /** In what pieces octets arrive. */
  pieces: (text: string) => readonly string[] = (text) => [text];
  /** What the server says to a recipient, a message: null takes it. */
  refuse: { rcpt?: (to: string) => Refusal | null; message?: (to: string) => Refusal | null } = {};
  /** Told after every step of the client. */
  onStep: () => void = () => {};
  state: ClientState;
  readonly #sessions: Record<Side, AnySession>;
  readonly #latency: number;
  readonly #events: { at: number; side: Side; input: Input }[] = [];
  readonly #closed: Record<Side, boolean> = { client: false, server: false };
  readonly #due: Record<Side, number | null> = { client: null, server: null };
  #asked: number | null = null;
  #body = "";
  readonly #answers: Answers = {
    "sender.verify": () => ({ ok: true }),
    "rcpt.verify": ({ recipient }) => {
      const refused = this.refuse.rcpt?.(recipient.forwardPath) ?? null;
      return refused ? { refused } : { ok: true };
    },
    "body.seal": () => ({ blobId: "b2" as BlobId, size: this.#body.length }),
    "message.receive": ({ traceId, envelope }) => {
      const refused = this.refuse.message?.(envelope.recipients[0]!.forwardPath) ?? null;
      if (refused) {
        this.#body = "";
        return { refused };
      }
      this.got.push(`${envelope.recipients[0]!.forwardPath} ${this.#body}`);
      this.#body = "";
      return { accepted: traceId, recipients: envelope.recipients.map(() => null) };
    },
  };

  constructor(latency: number, first: OutgoingMail, ahead: boolean = false) {
    this.#latency = latency;
    const client = smtpClient({
      ...first,
      hostname: "here.example",
      tls: "none",
      reuse: { messages: 100, ms: 300_000, ahead },
    });
    this.state = client.state;
    const server = smtpSession({
      profile: "mx",
      hostname: "there.example",
      limits: SMTP_LIMITS,
      startTls: false,
      requireTls: false,
      allowPlaintextAuth: true,
      mechanisms: [],
    });
    this.#sessions = { client, server };
    const session: SessionInfo = TEST_SESSION;
    this.#later(0, "server", { type: "opened", session });
    this.#later(0, "client", { type: "opened", session });
  }

  /** Whether the client asks for a message. */
  get asks(): boolean {
    return this.#asked !== null && !this.#closed.client;
  }

  /** Gives the client its next message; false: it asks for none. */
  send(next: OutgoingMail): boolean {
    if (this.#asked === null || this.#closed.client) return false;
    this.#later(0, "client", { type: "answer", id: this.#asked, op: "relay.next", value: next });
    this.#asked = null;
    return true;
  }

  /** Lets happen what happens until `until` or until nothing does. */
  run(until = Infinity): void {
    for (;;) {
      const next = this.#next(until);
      if (next === null) break;
      this.now = Math.max(this.now, next.at);
      this.#step(next.side, next.input);
    }
    if (until < Infinity) this.now = until;
  }

  #later(ms: number, side: Side, input: Input): void {
    this.#events.push({ at: this.now + ms, side, input });
  }

  #next(until: number): { at: number; side: Side; input: Input } | null {
    let best: { at: number; side: Side; input: Input } | null = null;
    for (const event of this.#events) if (best === null || event.at < best.at) best = event;
    const deadlines = (["client", "server"] as const).flatMap((side) => {
      const at = this.#closed[side] ? null : this.#due[side];
      return at === null ? [] : [{ at, side, input: { type: "deadline" } as Input }];
    });
    for (const event of deadlines) if (event.at < (best?.at ?? Infinity)) best = event;
    if (best === null || best.at > until) return null;
    if (this.#events.includes(best)) this.#events.splice(this.#events.indexOf(best), 1);
    return best;
  }

  #step(side: Side, input: Input): void {
    if (this.#closed[side]) return;
    const session = this.#sessions[side];
    const { state, effects } = session.machine.step(session.state, input, this.now);
    this.#sessions[side] = { machine: session.machine, state };
    for (const effect of effects) this.#perform(side, effect);
    if (side === "client") {
      this.state = state;
      this.onStep();
    }
    if (input.type === "closed") this.#closed[side] = true;
    this.#due[side] = session.machine.deadline(state);
  }

  #perform(side: Side, effect: Effect): void {
    const other = side === "client" ? "server" : "client";
    switch (effect.type) {
      case "send":
        return this.#carry(other, latin1String(effect.bytes));
      case "sendBlob":
        return this.#carry(other, TEXT.replace(/^\./gm, ".."));
      case "bodyChunk":
        this.#body += latin1String(effect.chunk);
        return;
      case "call":
        if (side === "client") this.#asked = effect.id;
        else {
          const value = (this.#answers[effect.op] as (args: unknown) => unknown)(effect.args);
          this.#later(0, side, { type: "answer", id: effect.id, op: effect.op, value } as Input);
        }
        return;
      case "cancel":
        this.#asked = null;
        return;
      case "close":
        this.#closed[side] = true;
        this.#later(this.#latency, other, { type: "closed" });
    }
  }

  #carry(to: Side, text: string): void {
    const shown = to === "client" ? text.slice(0, Math.max(0, this.muteAfter)) : text;
    if (to === "client") this.muteAfter -= text.length;
    const left = this.breakAfter[to];
    this.breakAfter[to] -= shown.length;
    for (const piece of this.pieces(shown.slice(0, Math.max(0, left)))) {
      if (piece !== "") this.#later(this.#latency, to, { type: "bytes", chunk: latin1Bytes(piece) });
    }
    if (left < 0 || left >= shown.length) return;
    for (const side of ["client", "server"] as const) this.#later(this.#latency, side, { type: "closed" });
  }
}
