/** No spelling of a recipient makes a relay: the whole way from RCPT's line to the directory's answer. */
import assert from "node:assert/strict";
import { verifyRecipient, verifySender } from "../../../src/mta/verify.ts";
import { verifySubmitter } from "../../../src/msa/verify.ts";
import { SMTP_LIMITS, type SmtpServerOptions, smtpSession } from "../../../src/smtp/server/mod.ts";
import { directory } from "../../mda/world_of_addresses.ts";
import { type Answers, play } from "../../support/run_machine.ts";
import { runProgram } from "../../support/run_program.ts";

const POLICY = { hostname: "mx.ours.example", messageSize: 1000, maxHops: 100, giveUpMs: 1000 };
const ANSWERS: Answers = {
  "sender.verify": (args) => runProgram(verifySender(args, POLICY), directory).result,
  "rcpt.verify": (args) => runProgram(verifyRecipient(args, POLICY), directory).result,
};

const OPTIONS: SmtpServerOptions = {
  profile: "mx",
  hostname: "mx.ours.example",
  limits: { ...SMTP_LIMITS, errors: 100 },
  startTls: false,
  requireTls: false,
  allowPlaintextAuth: true,
  mechanisms: [],
};

/** What stands behind `RCPT TO:`, and the code it gets. */
const RCPT: readonly (readonly [path: string, code: number])[] = [
  ["<alice@ours.example>", 250],
  ["<alice@OURS.EXAMPLE>", 250],
  ["<Postmaster>", 250],
  // An alias leads out because its owner says so, not because the client does.
  ["<away@ours.example>", 250],
  ["<@ours.example:alice@ours.example>", 250],
  ["<x@else.example>", 550],
  ["<x%else.example@ours.example>", 550],
  ["<x%else.example>", 501],
  ["<else.example!x>", 501],
  ["<else.example!x@ours.example>", 550],
  ["<x@else.example@ours.example>", 501],
  ["<alice@ours.example@else.example>", 501],
  ['<"x@else.example"@ours.example>', 550],
  ['<"x@else.example">', 501],
  ['<"x%else.example"@ours.example>', 550],
  ['<"alice@ours.example"@else.example>', 550],
  ["<@ours.example:x@else.example>", 550],
  ["<@else.example:x@else.example>", 550],
  ["<@ours.example,@else.example:x@else.example>", 550],
  ["<@else.example:alice@ours.example>", 250],
  ["<x@[192.0.2.99]>", 550],
  ["<x@[127.0.0.1]>", 550],
  ["<x@[IPv6:::1]>", 550],
  ["<x@192.0.2.99>", 550],
  ["<x@localhost>", 550],
  ["<alice@ours.example.>", 501],
  ["<alice@.ours.example>", 501],
  ["<x@ours.example.else.example>", 550],
  ["<x@else.example\0.ours.example>", 501],
  ["<x@else.example\0@ours.example>", 501],
  ["<x@ours.example\t>", 501],
  ["<x@else.example,alice@ours.example>", 501],
  ["<x@else.example;alice@ours.example>", 501],
  ["<alice@ours.example> <x@else.example>", 501],
  ["<alice@ours.example>,<x@else.example>", 501],
  ["<|/bin/sh@ours.example>", 550],
  ["</etc/passwd@ours.example>", 550],
  ['<"|/bin/sh"@ours.example>', 550],
  ["<:include:/etc/passwd@ours.example>", 501],
  // "ours.example" with a Cyrillic letter, in UTF-8: without SMTPUTF8 it is not even an address.
  ["<alice@\xd0\xbeurs.example>", 553],
  ["<alice@ours.example", 501],
  ["alice@ours.example", 501],
  ["<<x@else.example>>", 501],
  ["<>", 501],
];

for (const [path, code] of RCPT) {
  Deno.test(`RCPT TO:${JSON.stringify(path)} is answered ${code}`, () => {
    const client = `EHLO c\r\nMAIL FROM:<ann@else.example>\r\nRCPT TO:${path}\r\n`;
    for (const size of [Infinity, 1]) {
      const lines = play(smtpSession(OPTIONS), client, ANSWERS, size).sent.split("\r\n");
      assert.equal(lines.at(-2)!.slice(0, 3), String(code));
    }
  });
}

Deno.test("RCPT of a name that looks like ours in another script is refused with SMTPUTF8 too", () => {
  const client = "EHLO c\r\nMAIL FROM:<ann@else.example> SMTPUTF8\r\nRCPT TO:<alice@\xd0\xbeurs.example>\r\n";
  assert.match(play(smtpSession(OPTIONS), client, ANSWERS).sent, /\r\n550 5\.7\.1 [^\r]*\r\n$/);
});

Deno.test("submission asks nobody about a recipient before somebody has logged in", () => {
  const answers: Answers = {
    ...ANSWERS,
    "sender.verify": (args) =>
      runProgram(verifySubmitter(args, { ...POLICY, maxRecipients: 9, discloseClient: false }), directory).result,
  };
  const client = "EHLO c\r\nMAIL FROM:<alice@ours.example>\r\nRCPT TO:<x@else.example>\r\nDATA\r\n";
  const played = play(smtpSession({ ...OPTIONS, profile: "submission", mechanisms: ["PLAIN"] }), client, answers);
  assert.deepEqual(played.calls, []);
  assert.match(played.sent, /\r\n530 5\.7\.0 [^\r]*\r\n503 [^\r]*\r\n503 [^\r]*\r\n$/);
});
