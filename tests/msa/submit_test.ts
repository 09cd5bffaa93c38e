import assert from "node:assert/strict";
import { latin1String } from "../../src/base/bytes.ts";
import type { AccountId, Args, BlobId, EnvelopeSender } from "../../src/contract/mod.ts";
import { submitMail, verifySubmittedRecipient, verifySubmitter } from "../../src/msa/mod.ts";
import { directory, message, NOW, peer, receiveArgs, recipient, SENDER } from "../mda/world_of_addresses.ts";
import { argsOf, runProgram } from "../support/run_program.ts";

const POLICY = {
  hostname: "mx.ours.example",
  messageSize: 1000,
  maxHops: 100,
  maxRecipients: 3,
  giveUpMs: 1000,
  discloseClient: false,
};
const ALICE = { accountId: "aalice" as AccountId, login: "alice@ours.example", scopes: null };
const OWN = [{ name: null, mailbox: "alice", host: "ours.example" }];
const OTHER = [{ name: null, mailbox: "bob", host: "ours.example" }];

function args(reversePath: string, ...recipients: string[]): Args<"message.receive"> {
  const base = receiveArgs(peer("submission", ALICE), ...recipients);
  return { ...base, envelope: { ...base.envelope, sender: { ...SENDER, reversePath } } };
}

const HEADER = "From: alice@ours.example\r\nDate: x\r\nMessage-ID: <1@x>\r\n";

Deno.test("submitMail() delivers here and queues the rest in one transaction", () => {
  const submitted = args("alice@ours.example", "bob@ours.example", "Ann@Else.example");
  const { result, calls } = runProgram(submitMail(submitted, POLICY), message(HEADER, OWN));
  assert.deepEqual(result, { accepted: "s1.1", recipients: [null, null] });
  const [accept] = argsOf(calls, "mail.accept");
  assert.deepEqual(accept!.deliveries.map((one) => one.recipient), ["bob@ours.example"]);
  assert.deepEqual(
    accept!.queued.map((one) => [one.domain, one.recipient.forwardPath, one.dueAt, one.expiresAt]),
    [["else.example", "Ann@else.example", NOW, NOW + 1000]],
  );
  const prefix = latin1String(accept!.queued[0]!.prefix);
  assert.match(prefix, /^Received: by mx.ours.example with ESMTPSA\r\n\tid s1.1; [^\r]+\r\n$/);
});

Deno.test("submitMail() tells mailings from other mail, and bears no urgent ones", () => {
  const priorities = (header: string, wish: EnvelopeSender["priority"], count: number) => {
    const given = args("alice@ours.example", ...Array.from({ length: count }, (_, i) => `r${i}@else.example`));
    const sender = { ...given.envelope.sender, ...(wish && { priority: wish }) };
    const submitted = { ...given, envelope: { ...given.envelope, sender } };
    const { calls } = runProgram(
      submitMail(submitted, { ...POLICY, maxRecipients: 99 }),
      message(HEADER + header, OWN),
    );
    const [accept] = argsOf(calls, "mail.accept");
    return [...new Set(accept!.queued.map(({ priority = "normal" }) => priority))].join();
  };
  const cases: readonly (readonly [string, EnvelopeSender["priority"], number, string])[] = [
    ["", undefined, 50, "normal"],
    ["", undefined, 51, "bulk"],
    ["Precedence:\r\n Bulk\r\n", undefined, 1, "bulk"],
    ["Precedence: first-class\r\n", undefined, 1, "normal"],
    ["List-Unsubscribe: <https://x.example>\r\n", undefined, 1, "bulk"],
    ["List-Id: <l.x.example>\r\n", "normal", 1, "bulk"],
    ["X-Priority: 1\r\n", undefined, 1, "normal"],
    ["", "urgent", 50, "urgent"],
    ["", "urgent", 51, "bulk"],
    ["", "bulk", 1, "bulk"],
  ];
  for (const [header, wish, count, priority] of cases) {
    assert.equal(priorities(header, wish, count), priority, `${header} ${wish} ${count}`);
  }
});

Deno.test("submitMail() adds From, Date and Message-ID where they are missing", () => {
  const submitted = args("alice@ours.example", "ann@else.example");
  const [accept] = argsOf(runProgram(submitMail(submitted, POLICY), message("Subject: x\r\n")).calls, "mail.accept");
  const added = latin1String(accept!.queued[0]!.prefix);
  assert.ok(
    added.includes(
      "From: <alice@ours.example>\r\nDate: Tue, 24 Nov 2026 06:07:41 +0000\r\nMessage-ID: <s1.1@mx.ours.example>\r\n",
    ),
  );
});

Deno.test("submitMail() cuts Bcc and Return-Path out of the message", () => {
  const header = HEADER + "Bcc: x@y,\r\n z@y\r\nReturn-Path: <a@b>\r\nTo: t@y\r\n";
  const world = {
    ...message(header, OWN),
    "body.rewrite": () => ({ blobId: "b2" as BlobId, size: 9 }),
  };
  const { calls } = runProgram(submitMail(args("alice@ours.example", "ann@else.example"), POLICY), world);
  const [{ cut }] = argsOf(calls, "body.rewrite") as [Args<"body.rewrite">];
  assert.deepEqual(cut.map(({ start, end }) => header.slice(start, end)), [
    "Bcc: x@y,\r\n z@y\r\nReturn-Path: <a@b>\r\n",
  ]);
  assert.equal(argsOf(calls, "mail.accept")[0]!.blobId, "b2");
});

const REFUSED:
  readonly (readonly [why: string, enhanced: string, Args<"message.receive">, ReturnType<typeof message>])[] = [
    ["another's envelope sender", "5.7.1", args("bob@ours.example", "x@y"), message(HEADER, OWN)],
    ["another's From", "5.7.1", args("alice@ours.example", "x@y"), message(HEADER, OTHER)],
    ["another beside oneself in From", "5.7.1", args("alice@ours.example", "x@y"), message(HEADER, [...OWN, ...OTHER])],
    ["two From fields", "5.6.0", args("alice@ours.example", "x@y"), message(HEADER + "From : b@c\r\n", OWN)],
    ["a From without an address", "5.6.0", args("alice@ours.example", "x@y"), message(HEADER, [])],
    [
      "a From without a domain",
      "5.6.0",
      args("alice@ours.example", "x@y"),
      message(HEADER, [{ name: null, mailbox: "alice", host: "" }]),
    ],
    ["too many recipients", "4.5.3", args("alice@ours.example", "a@b", "b@b", "c@b", "d@b"), message(HEADER, OWN)],
    ["only unknown recipients", "5.1.1", args("alice@ours.example", "nobody@ours.example"), message(HEADER, OWN)],
    ["a loop", "5.4.6", args("alice@ours.example", "x@y"), message(HEADER + "Received: x\r\n".repeat(101), OWN)],
    ["no login", "5.7.0", receiveArgs(peer("submission"), "x@y"), message(HEADER, OWN)],
  ];

for (const [why, enhanced, submitted, world] of REFUSED) {
  Deno.test(`submitMail() refuses ${why} with ${enhanced} and stores nothing`, () => {
    const { result, calls } = runProgram(submitMail(submitted, POLICY), world);
    assert.equal("refused" in result && result.refused.enhanced, enhanced);
    assert.equal(argsOf(calls, "mail.accept").length, 0);
  });
}

Deno.test("verifySubmitter() wants a login and an address of its own", () => {
  const ask = (login: typeof ALICE | null, reversePath: string) => {
    const question = { peer: peer("submission", login), sender: { ...SENDER, reversePath } };
    const answer = runProgram(verifySubmitter(question, POLICY), directory).result;
    return "refused" in answer ? answer.refused.code : 250;
  };
  assert.equal(ask(null, "alice@ours.example"), 530);
  assert.equal(ask(ALICE, "bob@ours.example"), 553);
  assert.equal(ask(ALICE, "alice@ours.example"), 250);
  assert.equal(ask(ALICE, ""), 250);
});

Deno.test("verifySubmittedRecipient() lets a submitter write outside, and names unknown ones here", () => {
  const ask = (login: typeof ALICE | null, path: string) => {
    const question = { peer: peer("submission", login), sender: SENDER, recipient: recipient(path) };
    const answer = runProgram(verifySubmittedRecipient(question, POLICY), directory).result;
    return "refused" in answer ? answer.refused.code : 250;
  };
  assert.equal(ask(ALICE, "x@else.example"), 250);
  assert.equal(ask(ALICE, "nobody@ours.example"), 550);
  assert.equal(ask(null, "x@else.example"), 530);
});
