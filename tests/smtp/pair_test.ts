/** The client machine against the server machine, driven over a pair of transports in memory. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { Secret } from "../../src/base/secret.ts";
import type {
  AnySession,
  Args,
  BlobId,
  EnvelopeRecipient,
  EnvelopeSender,
  Machine,
  SessionId,
  SessionInfo,
} from "../../src/contract/mod.ts";
import { drive } from "../../src/net/drive.ts";
import { memoryPair } from "../../src/net/memory_transport.ts";
import type { Transport } from "../../src/net/transport.ts";
import type { World } from "../../src/net/world.ts";
import {
  type AttemptResult,
  type ClientState,
  outcome,
  smtpClient,
  type SmtpClientOptions,
  verdictText,
} from "../../src/smtp/client/mod.ts";
import { SMTP_LIMITS, type SmtpServerOptions, smtpSession } from "../../src/smtp/server/mod.ts";
import type { Answers } from "../support/run_machine.ts";

const SENDER: EnvelopeSender = {
  reversePath: "a@here.example",
  size: null,
  body: "7bit",
  smtputf8: false,
  requireTls: false,
  ret: null,
  envid: null,
};
const rcpt = (forwardPath: string, more: Partial<EnvelopeRecipient> = {}): EnvelopeRecipient => ({
  forwardPath,
  notify: null,
  orcpt: null,
  ...more,
});

interface Talk {
  readonly result: AttemptResult;
  /** What each transaction's `message.receive` was asked, with the octets that came. */
  readonly mails: readonly { args: Args<"message.receive">; body: string }[];
  readonly asked: readonly string[];
}

interface TalkOptions {
  readonly message: string;
  readonly client?: Partial<SmtpClientOptions>;
  readonly server?: Partial<SmtpServerOptions>;
  readonly answers?: Answers;
}

async function talk({ message, client = {}, server = {}, answers = {} }: TalkOptions): Promise<Talk> {
  const blob = latin1Bytes(message);
  const session = smtpClient({
    hostname: "here.example",
    sender: SENDER,
    recipients: [rcpt("b@there.example")],
    blobId: "b1" as BlobId,
    size: blob.length,
    prefix: new Uint8Array(),
    tls: "opportunistic",
    ...client,
  });
  let state: ClientState = session.state;
  const machine: Machine<ClientState> = {
    ...session.machine,
    step(before, input, now) {
      const step = session.machine.step(before, input, now);
      state = step.state;
      return step;
    },
  };
  const mails: Talk["mails"][number][] = [];
  const asked: string[] = [];
  const pair = memoryPair();
  const serverSession = smtpSession({
    profile: "mx",
    hostname: "there.example",
    limits: SMTP_LIMITS,
    startTls: false,
    requireTls: false,
    allowPlaintextAuth: true,
    mechanisms: [],
    ...server,
  });
  const protocol = server.profile === "lmtp" ? "lmtp" : server.profile === "submission" ? "submission" : "smtp";
  await Promise.all([
    drive(serverSession as AnySession, pair.server, serverWorld(answers, mails, asked), info(pair.server, protocol)),
    drive({ machine, state }, pair.client, clientWorld(blob), info(pair.client, "smtp")),
  ]);
  return { result: outcome(state), mails, asked };
}

function serverWorld(answers: Answers, mails: Talk["mails"][number][], asked: string[]): World {
  const bodies = new Map<number, string>();
  let sealed = "";
  const table: Answers = {
    "sender.verify": () => ({ ok: true }),
    "rcpt.verify": ({ recipient }) =>
      recipient.forwardPath.startsWith("no")
        ? { refused: { code: 550, enhanced: "5.1.1", text: "No such user" } }
        : { ok: true },
    "body.seal": ({ sink }) => {
      sealed = bodies.get(sink) ?? "";
      return { blobId: "b2" as BlobId, size: sealed.length };
    },
    "message.receive": (args) => ({ accepted: args.traceId, recipients: args.envelope.recipients.map(() => null) }),
    ...answers,
  };
  return {
    open: () => ({
      perform: (op, args) => {
        asked.push(op);
        if (op === "message.receive") mails.push({ args: args as Args<"message.receive">, body: sealed });
        return (table[op] as (args: unknown) => never)(args);
      },
      bodyChunk: (sink, chunk) => void bodies.set(sink, (bodies.get(sink) ?? "") + latin1String(chunk)),
      bodyAbort: (sink) => void bodies.delete(sink),
      readBlob: () => Promise.reject(new Error("the server sends no blob")),
      log: () => {},
      close: () => {},
    }),
  };
}

function clientWorld(blob: Uint8Array): World {
  return {
    open: () => ({
      perform: () => Promise.reject(new Error("the client asks nothing")),
      bodyChunk: () => {},
      bodyAbort: () => {},
      readBlob: (_, start, end) => Promise.resolve(blob.slice(start, end)),
      log: () => {},
      close: () => {},
    }),
  };
}

function info(transport: Transport, protocol: SessionInfo["protocol"]): SessionInfo {
  const { remoteAddress, remotePort, localAddress, localPort, tls } = transport;
  return { id: "s1" as SessionId, protocol, remoteAddress, remotePort, localAddress, localPort, tls };
}

const verdicts = ({ result }: Talk) => result.recipients.map((one) => `${one.kind} ${one.code} ${one.enhanced}`);

Deno.test("client and server: what is sent arrives octet by octet, dots and all", async () => {
  const message = "Subject: x\r\n\r\n.\r\n..\r\n.hidden\r\nMAIL FROM:<evil@x>\r\nline .\r\n";
  const { mails, result } = await talk({ message, client: { prefix: latin1Bytes("Received: y\r\n") } });
  assert.equal(result.recipients[0]!.kind, "delivered");
  assert.equal(mails.length, 1);
  assert.equal(mails[0]!.body, "Received: y\r\n" + message);
  assert.equal(mails[0]!.args.envelope.sender.reversePath, "a@here.example");
  assert.equal(mails[0]!.args.envelope.recipients[0]!.forwardPath, "b@there.example");
});

Deno.test("client and server: any lines come through as one message", async () => {
  const line = fc.array(fc.constantFrom(".", "a", " ", "\t", "\xe4", "QUIT"), { maxLength: 6 }).map((all) =>
    all.join("")
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
      const message = "A: b\r\n\r\n" + lines.map((text) => text + "\r\n").join("");
      const { mails } = await talk({ message });
      assert.deepEqual(mails.map((mail) => mail.body), [message]);
    }),
    { numRuns: 60 },
  );
});

Deno.test("client and server: bare line ends in a stored message cannot smuggle a second one", async () => {
  for (const trick of ["\n.\nMAIL FROM:<e@x>\n", "\r\n.\nMAIL FROM:<e@x>\r\n", "\n.\r\nMAIL FROM:<e@x>\r\n", "\r.\r"]) {
    const { mails, asked } = await talk({ message: `A: b\r\n\r\nx${trick}y\r\n` });
    assert.ok(mails.length <= 1, JSON.stringify(trick));
    assert.equal(asked.filter((op) => op === "sender.verify").length, 1, JSON.stringify(trick));
  }
});

Deno.test("client and server: STARTTLS, and the whole transaction under it", async () => {
  const { result, mails } = await talk({ message: "A: b\r\n\r\nx\r\n", server: { startTls: true } });
  assert.equal(result.recipients[0]!.kind, "delivered");
  assert.equal(result.tls?.version, "TLSv1.3");
  assert.equal(mails[0]!.args.peer.via, "ESMTPS");
});

Deno.test("client and server: required TLS that is not offered sends nothing", async () => {
  const done = await talk({ message: "A: b\r\n\r\nx\r\n", client: { tls: "required" } });
  assert.deepEqual(verdicts(done), ["temporary 451 4.7.10"]);
  assert.deepEqual(done.asked, []);
});

Deno.test("client and server: one recipient is refused, the others get the message", async () => {
  const recipients = [rcpt("b@there.example"), rcpt("nobody@there.example"), rcpt("c@there.example")];
  const done = await talk({ message: "A: b\r\n\r\nx\r\n", client: { recipients } });
  assert.deepEqual(verdicts(done).map((text) => text.split(" ")[0]), ["delivered", "permanent", "delivered"]);
  assert.equal(verdictText(done.result.recipients[1]!), "550 5.1.1 No such user");
  assert.equal(done.mails[0]!.args.envelope.recipients.length, 2);
});

Deno.test("client and server: nobody is left, so no message is sent", async () => {
  const done = await talk({ message: "A: b\r\n\r\nx\r\n", client: { recipients: [rcpt("nobody@there.example")] } });
  assert.deepEqual(verdicts(done), ["permanent 550 5.1.1"]);
  assert.deepEqual(done.mails, []);
});

Deno.test("client and server: a refused sender, a refused message, a broken store", async () => {
  const refused = { refused: { code: 550, enhanced: "5.7.1", text: "Not you" } };
  const message = "A: b\r\n\r\nx\r\n";
  const atMail = await talk({ message, answers: { "sender.verify": () => refused } });
  assert.deepEqual(verdicts(atMail), ["permanent 550 5.7.1"]);
  const atEnd = await talk({ message, answers: { "message.receive": () => refused } });
  assert.deepEqual(verdicts(atEnd), ["permanent 550 5.7.1"]);
  const broken = await talk({
    message,
    answers: {
      "message.receive": () => {
        throw Object.assign(new Error("down"), { reason: "unavailable" });
      },
    },
  });
  assert.deepEqual(verdicts(broken), ["temporary 451 4.3.0"]);
});

Deno.test("client and server: LMTP answers for every recipient", async () => {
  const recipients = [rcpt("b@there.example"), rcpt("full@there.example"), rcpt("nobody@there.example")];
  const done = await talk({
    message: "A: b\r\n\r\nx\r\n",
    client: { profile: "lmtp", recipients },
    server: { profile: "lmtp" },
    answers: {
      "message.receive": ({ traceId }) => ({
        accepted: traceId,
        recipients: [null, { code: 452, enhanced: "4.2.2", text: "Full" }],
      }),
    },
  });
  assert.deepEqual(verdicts(done).map((text) => text.slice(0, 13)), [
    "delivered 250",
    "temporary 452",
    "permanent 550",
  ]);
  assert.equal(done.mails[0]!.args.peer.via, "LMTP");
});

Deno.test("client and server: a login over submission", async () => {
  const auth = { username: "a@here.example", password: new Secret("pass word") };
  const seen: string[] = [];
  const done = await talk({
    message: "A: b\r\n\r\nx\r\n",
    client: { auth, tls: "required" },
    server: { profile: "submission", startTls: true, mechanisms: ["PLAIN"] },
    answers: {
      "auth.password": ({ login, password }) => {
        seen.push(`${login} ${password.reveal()}`);
        return { accountId: "a1" as never, login, scopes: null };
      },
    },
  });
  assert.deepEqual(seen, ["a@here.example pass word"]);
  assert.equal(done.result.recipients[0]!.kind, "delivered");
  assert.equal(done.mails[0]!.args.peer.login?.login, "a@here.example");
});

Deno.test("client and server: more recipients than one transaction takes go in several", async () => {
  const recipients = Array.from({ length: 230 }, (_, i) => rcpt(`u${i}@there.example`));
  const done = await talk({ message: "A: b\r\n\r\nx\r\n", client: { recipients } });
  assert.deepEqual(done.mails.map((mail) => mail.args.envelope.recipients.length), [100, 100, 30]);
  assert.ok(done.result.recipients.every((one) => one.kind === "delivered"));
});

Deno.test("client and server: a message of megabytes arrives whole", async () => {
  const message = "A: b\r\n\r\n" + ".0123456789 some text that fills a line of the message\r\n".repeat(40_000);
  const { mails } = await talk({ message });
  assert.equal(mails[0]!.body.length, message.length);
  assert.ok(mails[0]!.body === message);
});
