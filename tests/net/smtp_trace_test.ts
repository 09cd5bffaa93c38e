/** A whole SMTP session over a real driver, recorded, stored as JSON and played again. */
import assert from "node:assert/strict";
import { encodeBase64 } from "../../src/base/base64.ts";
import { latin1Bytes } from "../../src/base/bytes.ts";
import type { AnswerOf, Args, Input, Op } from "../../src/contract/mod.ts";
import { drive } from "../../src/net/drive.ts";
import { memoryPair } from "../../src/net/memory_transport.ts";
import { replay, type TraceEntry } from "../../src/net/trace.ts";
import { SMTP_LIMITS, type SmtpServerOptions, smtpSession } from "../../src/smtp/server/mod.ts";
import type { Answers } from "../support/run_machine.ts";
import { Client, infoOf, ToyWorld } from "./toy_machine.ts";

const OPTIONS: SmtpServerOptions = {
  profile: "submission",
  hostname: "mx",
  limits: SMTP_LIMITS,
  startTls: true,
  requireTls: false,
  allowPlaintextAuth: false,
  mechanisms: ["PLAIN"],
};

const ANSWERS: Answers = {
  "auth.password": ({ login }) => ({ accountId: "a1" as never, login, scopes: null }),
  "sender.verify": () => ({ ok: true }),
  "rcpt.verify": ({ recipient }) =>
    recipient.forwardPath.startsWith("no@") ? { refused: { code: 550, enhanced: "5.1.1", text: "No" } } : { ok: true },
  "body.seal": () => ({ blobId: "b1" as never, size: 6 }),
  "message.receive": ({ traceId }) => ({ accepted: traceId, recipients: [null] }),
};

class SmtpWorld extends ToyWorld {
  override open(...args: Parameters<ToyWorld["open"]>): ReturnType<ToyWorld["open"]> {
    const perform = <K extends Op>(op: K, given: Args<K>): Promise<AnswerOf<K>> =>
      Promise.resolve((ANSWERS[op] as (args: Args<K>) => AnswerOf<K>)(given));
    return { ...super.open(...args), perform };
  }
}

async function record(): Promise<{ trace: TraceEntry[]; text: string; body: string }> {
  const trace: TraceEntry[] = [];
  const { client: transport, server } = memoryPair();
  const client = new Client(transport);
  const world = new SmtpWorld();
  let now = 0;
  const done = drive(smtpSession(OPTIONS), server, world, infoOf(server), {
    trace: (entry) => trace.push(entry),
    now: () => now++,
  });
  await client.until("ESMTP\r\n");
  client.send("EHLO c\r\nSTARTTLS\r\n");
  await client.until("Ready to start TLS\r\n");
  await transport.startTls();
  client.send("EHLO c\r\nAUTH PLAIN " + encodeBase64(latin1Bytes("\0user\0secret")) + "\r\n");
  await client.until("successful\r\n");
  client.send("MAIL FROM:<user@ours.example>\r\nRCPT TO:<no@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n");
  await client.until("354 ");
  client.send("one\r\n..two\r\n.\r\nQUIT\r\n");
  const text = await client.end();
  await done;
  return { trace: JSON.parse(JSON.stringify(trace)) as TraceEntry[], text, body: world.body };
}

Deno.test("replay() of a whole SMTP session, TLS and login included, gives the same effects", async () => {
  const { trace, text, body } = await record();
  assert.match(text, /250 2\.0\.0 Ok: s1\.1\r\n221 /);
  assert.equal(body, "one\r\n.two\r\n");
  assert.equal(replay(trace, smtpSession(OPTIONS)), null);
  const types = new Set(trace.map((entry) => (entry.input as Input).type));
  for (const type of ["opened", "bytes", "tlsStarted", "answer"]) assert.ok(types.has(type as never), type);
  assert.equal(JSON.stringify(trace).includes('"secret"'), false);
});

Deno.test("replay() of an SMTP session names the step where another server differs", async () => {
  const { trace } = await record();
  const other = replay(trace, smtpSession({ ...OPTIONS, hostname: "other" }));
  assert.equal(other?.at, 0);
  const refusing = structuredClone(trace);
  const at = refusing.findLastIndex((entry) => (entry.input as { op?: string }).op === "message.receive");
  (refusing[at]!.input as { value: unknown }).value = { refused: { code: 550, enhanced: "5.7.1", text: "No" } };
  assert.equal(replay(refusing, smtpSession(OPTIONS))?.at, at);
});
