import assert from "node:assert/strict";
import { latin1String } from "../../src/base/bytes.ts";
import { OpFailed } from "../../src/contract/mod.ts";
import { receiveMail } from "../../src/mta/receive.ts";
import { verifyRecipient, verifySender } from "../../src/mta/verify.ts";
import { directory, message, peer, receiveArgs, recipient, SENDER } from "../mda/world_of_addresses.ts";
import { argsOf, runProgram, WorldFails } from "../support/run_program.ts";

const POLICY = { hostname: "mx.ours.example", messageSize: 1000, maxHops: 100, giveUpMs: 1000 };
const PLAIN = message("From: a@b\r\nSubject: x\r\n");

const RCPT: readonly (readonly [path: string, code: number, enhanced: string])[] = [
  ["alice@ours.example", 0, ""],
  ["postmaster", 0, ""],
  ["away@ours.example", 0, ""],
  ["both@ours.example", 0, ""],
  ["nobody@ours.example", 550, "5.1.1"],
  ["gone@ours.example", 550, "5.2.1"],
  ["full@ours.example", 452, "4.2.2"],
  ["loop1@ours.example", 550, "5.4.6"],
  ["x@else.example", 550, "5.7.1"],
  ["x@[192.0.2.99]", 550, "5.7.1"],
  ["x%else.example@ours.example", 550, "5.1.1"],
  ['"x@else.example"@ours.example', 550, "5.1.1"],
  ["else.example!x@ours.example", 550, "5.1.1"],
];

for (const protocol of ["smtp", "lmtp"] as const) {
  for (const [path, code, enhanced] of RCPT) {
    Deno.test(`verifyRecipient() over ${protocol} answers ${code || "ok"} for ${path}`, () => {
      const args = { peer: peer(protocol), sender: { ...SENDER, size: 50 }, recipient: recipient(path) };
      const answer = runProgram(verifyRecipient(args, POLICY), directory).result;
      const got = "refused" in answer ? [answer.refused.code, answer.refused.enhanced] : [0, ""];
      assert.deepEqual(got, [code, enhanced]);
    });
  }
}

Deno.test("verifyRecipient() says for ever no to a message larger than the mailbox", () => {
  const args = { peer: peer("smtp"), sender: { ...SENDER, size: 500 }, recipient: recipient("full@ours.example") };
  const answer = runProgram(verifyRecipient(args, POLICY), directory).result;
  assert.equal("refused" in answer && answer.refused.code, 552);
});

Deno.test("verifySender() takes the null sender and refuses too large a message", () => {
  const ask = (reversePath: string, size: number) =>
    runProgram(verifySender({ peer: peer("smtp"), sender: { ...SENDER, reversePath, size } }, POLICY), {}).result;
  assert.deepEqual(ask("", 1000), { ok: true });
  assert.equal((ask("", 1001) as { refused: { enhanced: string } }).refused.enhanced, "5.3.4");
});

Deno.test("receiveMail() accepts once, with the trace before the received octets", () => {
  const { result, calls } = runProgram(receiveMail(receiveArgs(peer("smtp"), "bob@ours.example"), POLICY), PLAIN);
  assert.deepEqual(result, { accepted: "s1.1", recipients: [null] });
  const [accept, ...more] = argsOf(calls, "mail.accept");
  assert.equal(more.length, 0);
  assert.equal(accept!.overQuota, "refuse");
  assert.match(
    latin1String(accept!.deliveries[0]!.prefix),
    /^Return-Path: <ann@else.example>\r\nDelivered-To: bob@ours.example\r\nReceived: from client.example /,
  );
  assert.deepEqual(accept!.journal.map(({ event }) => event), ["accepted", "delivered"]);
});

Deno.test("receiveMail() gives every account the message once, and names no recipient to the others", () => {
  const args = receiveArgs(peer("smtp"), "team@ours.example", "alice@ours.example", "away@ours.example");
  const [accept] = argsOf(runProgram(receiveMail(args, POLICY), PLAIN).calls, "mail.accept");
  assert.deepEqual(accept!.deliveries.map((one) => one.recipient), ["alice@ours.example", "bob@ours.example"]);
  assert.deepEqual(accept!.queued.map(({ domain, recipient: { forwardPath } }) => [domain, forwardPath]), [
    ["else.example", "Ann@else.example"],
  ]);
  assert.equal(accept!.overQuota, "defer");
  assert.ok(!latin1String(accept!.deliveries[0]!.prefix).includes("for <"));
});

Deno.test("receiveMail() never relays, whatever RCPT said before", () => {
  const { result, calls } = runProgram(receiveMail(receiveArgs(peer("smtp"), "x@else.example"), POLICY), PLAIN);
  assert.equal("refused" in result && result.refused.enhanced, "5.7.1");
  assert.equal(argsOf(calls, "mail.accept").length, 0);
});

Deno.test("receiveMail() sends one of several back through the queue where SMTP has one reply for all", () => {
  const args = receiveArgs(peer("smtp"), "nobody@ours.example", "bob@ours.example");
  const { result, calls } = runProgram(receiveMail(args, POLICY), PLAIN);
  assert.deepEqual(result, { accepted: "s1.1", recipients: [null, null] });
  assert.deepEqual(argsOf(calls, "mail.accept")[0]!.queued.map(({ domain }) => domain), [null]);
});

Deno.test("receiveMail() refuses a loop by its hops and by Delivered-To", () => {
  const hops = message("Received: x\r\n".repeat(101));
  const first = runProgram(receiveMail(receiveArgs(peer("smtp"), "bob@ours.example"), POLICY), hops).result;
  assert.equal("refused" in first && first.refused.enhanced, "5.4.6");
  const again = message("Delivered-To:\r\n away@ours.example\r\n");
  const second = runProgram(receiveMail(receiveArgs(peer("smtp"), "away@ours.example"), POLICY), again).result;
  assert.equal("refused" in second && second.refused.enhanced, "5.4.6");
});

Deno.test("receiveMail() answers a full mailbox with 452 over SMTP", () => {
  const full = { ...PLAIN, "mail.accept": () => ({ refused: "overQuota" as const, recipients: [] }) };
  const { result } = runProgram(receiveMail(receiveArgs(peer("smtp"), "full@ours.example"), POLICY), full);
  assert.equal("refused" in result && result.refused.code, 452);
});

Deno.test("receiveMail() over LMTP tells each recipient its own result", () => {
  const args = receiveArgs(peer("lmtp"), "full@ours.example", "nobody@ours.example", "bob@ours.example");
  const world = { ...PLAIN, "mail.accept": () => ({ stored: [], overQuota: ["full@ours.example"] }) };
  const { result, calls } = runProgram(receiveMail(args, POLICY), world);
  assert.ok("accepted" in result);
  assert.deepEqual(result.recipients.map((one) => one && one.code), [452, 550, null]);
  assert.equal(argsOf(calls, "mail.accept")[0]!.overQuota, "skip");
  assert.equal(argsOf(calls, "journal.add")[0]!.entries[0]!.recipient, "full@ours.example");
});

Deno.test("receiveMail() over LMTP replies to each even where nobody is served", () => {
  const args = receiveArgs(peer("lmtp"), "nobody@ours.example", "gone@ours.example");
  const { result, calls } = runProgram(receiveMail(args, POLICY), PLAIN);
  assert.deepEqual("accepted" in result && result.recipients.map((one) => one?.enhanced), ["5.1.1", "5.2.1"]);
  assert.equal(argsOf(calls, "mail.accept").length, 0);
});

Deno.test("receiveMail() lets a failure of the store pass, so that the sender comes back", () => {
  const broken = {
    ...PLAIN,
    "mail.accept": () => {
      throw new WorldFails();
    },
  };
  assert.throws(() => runProgram(receiveMail(receiveArgs(peer("smtp"), "bob@ours.example"), POLICY), broken), OpFailed);
});
