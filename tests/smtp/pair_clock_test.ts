/** The client machine against the server machine, with a wire between them and a clock that nobody waits for. */
import assert from "node:assert/strict";
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
import { type ClientState, isFinished, outcome, smtpClient, verdictText } from "../../src/smtp/client/mod.ts";
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
const TEXT = "Subject: x\r\n\r\n.hello\r\n";
const mail = (to: string): OutgoingMail => ({
  sender: SENDER,
  recipients: [{ forwardPath: to, notify: null, orcpt: null }],
  blobId: "b1" as BlobId,
  size: TEXT.length,
  prefix: new Uint8Array(),
  utf8Headers: false,
});

type Side = "client" | "server";

/** Both ends of a connection. Octets take `latency` milliseconds; nothing else takes time but what waits. */
class Pair {
  now = 0;
  readonly got: string[] = [];
  /** Octets towards the client after which no more arrive. */
  muteAfter = Infinity;
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
    "rcpt.verify": () => ({ ok: true }),
    "body.seal": () => ({ blobId: "b2" as BlobId, size: this.#body.length }),
    "message.receive": ({ traceId, envelope }) => {
      this.got.push(`${envelope.recipients[0]!.forwardPath} ${this.#body}`);
      this.#body = "";
      return { accepted: traceId, recipients: envelope.recipients.map(() => null) };
    },
  };

  constructor(latency: number, first: OutgoingMail) {
    this.#latency = latency;
    const client = smtpClient({
      ...first,
      hostname: "here.example",
      tls: "none",
      reuse: { messages: 100, ms: 300_000 },
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

  /** Gives the idle client its next message; false: it is not idle. */
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
    if (side === "client") this.state = state;
    for (const effect of effects) this.#perform(side, effect);
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
    if (shown !== "") this.#later(this.#latency, to, { type: "bytes", chunk: latin1Bytes(shown) });
  }
}

Deno.test("pair: a first message takes three and a half trips to the server and back, each further one two", () => {
  const pair = new Pair(50, mail("r0@there.example"));
  // The greeting is half a trip; then EHLO; MAIL, RCPT and DATA at once; the message.
  pair.run(349);
  assert.equal(isFinished(pair.state), false);
  pair.run(350);
  assert.equal(isFinished(pair.state), true);
  for (let i = 1; i <= 10; i++) {
    assert.equal(pair.send(mail(`r${i}@there.example`)), true);
    pair.run(350 + i * 200);
    assert.equal(isFinished(pair.state), true, `${i}`);
    assert.equal(outcome(pair.state).recipients[0]!.kind, "delivered");
  }
  assert.equal(pair.got.length, 11);
  for (const [i, text] of pair.got.entries()) assert.equal(text, `r${i}@there.example ${TEXT}`);
});

Deno.test("pair: a connection is kept for five seconds, and then left politely", () => {
  const pair = new Pair(10, mail("r0@there.example"));
  pair.run(4_000);
  assert.equal(pair.send(mail("r1@there.example")), true);
  pair.run(8_000);
  assert.equal(pair.got.length, 2);
  pair.run(9_500);
  assert.equal(pair.send(mail("r2@there.example")), false);
  pair.run();
  assert.ok(pair.now < 10_000, String(pair.now));
  assert.equal(outcome(pair.state).recipients[0]!.kind, "delivered");
});

Deno.test("pair: a server that falls silent at any octet costs minutes and no message, and none is taken for sent", () => {
  const whole = new Pair(1, mail("r0@there.example"));
  whole.run(4_000);
  let silent = 0;
  for (let octets = 0; octets < 400; octets += 3) {
    const pair = new Pair(1, mail("r0@there.example"));
    pair.muteAfter = octets;
    pair.run();
    const [result] = outcome(pair.state).recipients;
    if (result!.kind === "delivered") continue;
    silent++;
    assert.equal(result!.kind, "temporary", verdictText(result!));
    assert.ok(pair.now >= 60_000 && pair.now <= 31 * 60_000, `${octets}: ${pair.now}`);
    // Another host may be asked unless this one has the whole message.
    assert.equal(outcome(pair.state).tryNextHost, pair.got.length === 0, String(octets));
  }
  assert.ok(silent > 50);
});

Deno.test("pair: a second message that the server hears of and never answers is no result of the first", () => {
  const pair = new Pair(1, mail("r0@there.example"));
  pair.run(1_000);
  assert.equal(outcome(pair.state).recipients[0]!.kind, "delivered");
  pair.muteAfter = 0;
  pair.send(mail("r1@there.example"));
  pair.run();
  const second = outcome(pair.state);
  assert.equal(second.recipients[0]!.kind, "temporary");
  assert.equal(second.reused, true);
  assert.equal(second.tryNextHost, true);
  assert.equal(pair.got.length, 1);
});
