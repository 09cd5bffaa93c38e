/** What the data files cannot say: logs, keys that are remembered, letters as octets, the world that fails. */
import assert from "node:assert/strict";
import { utf8String } from "../../src/base/bytes.ts";
import { headerFields, indexMessage } from "../../src/message/mod.ts";
import {
  formatSieveLogLine,
  parseSieve,
  SIEVE_EXTENSIONS,
  type SieveLetter,
  sieveLetter,
  type SieveResult,
  sieveSentence,
} from "../../src/sieve/mod.ts";
import { substitute } from "../../src/sieve/run/draft.ts";
import { now, outcome, play, versionOf } from "./scene.ts";

const FACTS = { date: "Tue, 24 Nov 2026 12:00:00 +0000", messageId: "<2@example.net>", boundary: "b0undary" };

function letterIn(result: SieveResult): SieveLetter {
  const action = result.actions.find((action) => action.kind === "vacation" || action.kind === "notify");
  if (action?.kind !== "vacation" && action?.kind !== "notify") throw new Error("no letter");
  return action.letter;
}

Deno.test("the log says which test on which line decided", () => {
  const { log } = play('require "fileinto";\nif anyof (header :is "x" "y",\n  size :over 5) {\n  fileinto "Big";\n}');
  assert.deepEqual(log, [
    { script: "s1", line: 2, kind: "test", text: 'header :is "x" "y"', result: false },
    { script: "s1", line: 3, kind: "test", text: "size :over 5", result: true },
    { script: "s1", line: 4, kind: "action", text: 'fileinto "Big"' },
  ]);
});

Deno.test("actions and lines of the log are sentences", () => {
  const result = play(
    'require ["fileinto", "imap4flags"];\nif size :under 1K { fileinto :flags "x" "Small"; }\nredirect "c@example.org";',
  );
  assert.deepEqual(result.actions.map(sieveSentence), [
    'filed into "Small" with x (s1, line 2)',
    "redirected to c@example.org (s1, line 3)",
  ]);
  assert.deepEqual(result.log.map(formatSieveLogLine), [
    "s1:2 size :under 1024: true",
    's1:2 fileinto "Small"',
    "s1:3 redirect to c@example.org",
  ]);
  assert.deepEqual(play("").actions.map(sieveSentence), ["kept, because no script said otherwise"]);
});

Deno.test("the log has an end", () => {
  const many = "if size :over 1 {} ".repeat(2_000);
  assert.equal(play(many).log.length, 1_000);
});

Deno.test("a variable is cut at a whole character", () => {
  const script = 'require ["variables", "fileinto"]; set "a" "xx😀y"; fileinto "${a}";';
  assert.deepEqual(outcome(play(script, { limits: { variableSize: 3 } })), ["fileinto xx"]);
  assert.deepEqual(outcome(play(script, { limits: { variableSize: 4 } })), ["fileinto xx😀"]);
});

Deno.test("every extension can be required, and nothing else", () => {
  for (const name of SIEVE_EXTENSIONS) assert.ok("script" in parseSieve(`require "${name}";`), name);
  assert.ok("errors" in parseSieve('require "vnd.unheard";'));
  assert.ok("errors" in parseSieve('require "fileinto";', { extensions: ["copy"] }));
  assert.equal(new Set(SIEVE_EXTENSIONS).size, SIEVE_EXTENSIONS.length);
});

Deno.test("an answer is remembered by sender and by what it says, or by its handle", () => {
  const keyOf = (script: string, from = "alice@example.org") => {
    const facts = { envelope: { from, to: "bob@example.net" } };
    const { remember } = play(`require "vacation"; ${script}`, { facts });
    assert.equal(remember.length, 1);
    return remember[0]!;
  };
  const one = keyOf('vacation "a";');
  assert.equal(one.seconds, 7 * 86_400);
  assert.equal(keyOf('vacation :days 7 "a";', "ALICE@example.org").key, one.key);
  assert.notEqual(keyOf('vacation "b";').key, one.key);
  assert.notEqual(keyOf('vacation :mime "a";').key, one.key);
  assert.notEqual(keyOf('vacation :subject "s" "a";').key, one.key);
  assert.notEqual(keyOf('vacation "a";', "carol@example.org").key, one.key);
  assert.equal(keyOf('vacation :handle "h" "a";').key, keyOf('vacation :handle "h" "b";').key);
  assert.equal(keyOf('vacation :days 5000 "a";').seconds, 90 * 86_400);
  assert.equal(keyOf('vacation :days 2 "a";').seconds, 2 * 86_400);
});

Deno.test("duplicates: what failed is not remembered, :last begins anew, handles are apart", () => {
  const remembered = (script: string, seen = false) =>
    play(`require ["duplicate","ihave"]; ${script}`, { world: { seen: () => now(seen) } }).remember;
  const plain = remembered("if duplicate { discard; }");
  assert.equal(plain.length, 1);
  assert.equal(plain[0]!.seconds, 7 * 86_400);
  assert.deepEqual(remembered('if duplicate :header "Message-ID" { discard; }'), plain);
  assert.deepEqual(remembered('if duplicate :uniqueid "<1@example.org>" { discard; }'), plain);
  assert.notEqual(remembered('if duplicate :handle "h" { discard; }')[0]!.key, plain[0]!.key);
  assert.deepEqual(remembered("if duplicate { discard; }", true), []);
  assert.equal(remembered("if duplicate :last :seconds 60 { discard; }", true)[0]!.seconds, 60);
  assert.deepEqual(remembered('if duplicate {} error "x";'), []);
});

Deno.test("an answer is a whole message that no other answer answers", () => {
  const message = "From: Alice <alice@example.org>\nTo: bob@example.net\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n" +
    "Message-ID: <9@x>\nReferences: <7@x> <8@x>\n\nhi\n";
  const letter = letterIn(play('require "vacation"; vacation "Ich bin weg.\nBis März";', { message }));
  const octets = sieveLetter(letter, FACTS);
  const index = indexMessage(octets);
  assert.equal(index.envelope.inReplyTo, "<9@x>");
  assert.deepEqual(index.references, ["7@x", "8@x", "9@x"]);
  assert.equal(index.root.subtype, "plain");
  const names = headerFields(octets).map(({ name }) => name);
  assert.ok(names.includes("auto-submitted") && names.includes("date") && names.includes("message-id"));
  // It must not be answered in turn.
  assert.deepEqual(outcome(play('require "vacation"; vacation "x";', { message: octets })), ["implicit keep"]);
});

Deno.test("a MIME answer has the type that the script gives, and none of its other fields", () => {
  const reason = "Content-Type: multipart/alternative; boundary=q\nBcc: evil@example.org\n\n--q\n\nplain\n--q--\n";
  const letter = letterIn(play(`require "vacation"; vacation :mime "${reason}";`));
  const text = utf8String(sieveLetter(letter, FACTS));
  assert.match(text, /\r\nMIME-Version: 1\.0\r\nContent-Type: multipart\/alternative; boundary=q\r\n\r\n--q\r\n/);
  assert.doesNotMatch(text, /Bcc/);
});

Deno.test("a subject cannot begin another field", () => {
  const message = "From: a@example.org\nTo: bob@example.net\nSubject: =?utf-8?q?x=0D=0ABcc:_evil=40example.org?=\n\n";
  const text = utf8String(sieveLetter(letterIn(play('require "vacation"; vacation "x";', { message })), FACTS));
  assert.doesNotMatch(text, /^Bcc/mi);
});

Deno.test("an enclosed message is a part of the new one, octet by octet", () => {
  const message = "Subject: Old\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nw\xf6rds\r\n--x--\r\n";
  const octets = Uint8Array.from(message, (char) => char.charCodeAt(0));
  const result = play('require "enclose"; enclose "Look out."; enclose "Twice.";', { message: octets });
  const whole = versionOf(result, 1, octets);
  const outer = indexMessage(whole).root;
  assert.deepEqual(outer.parts.map((part) => `${part.type}/${part.subtype}`), ["text/plain", "message/rfc822"]);
  const inner = outer.parts[1]!.message!.root.parts[1]!;
  assert.deepEqual(whole.slice(inner.bodyStart, inner.bodyEnd), octets);
});

Deno.test("a part that was replaced goes with the part around it", () => {
  const text = (...names: string[]) => names.map((name) => ({ octets: new TextEncoder().encode(name) }));
  const [a, b] = text("a", "b");
  const first = substitute([{ start: 0, end: 100 }], 20, 30, a!.octets);
  assert.deepEqual(first, [{ start: 0, end: 20 }, a, { start: 30, end: 100 }]);
  assert.deepEqual(substitute(first, 10, 50, b!.octets), [{ start: 0, end: 10 }, b, { start: 50, end: 100 }]);
  assert.deepEqual(substitute(first, 40, 50, b!.octets), [
    { start: 0, end: 20 },
    a,
    { start: 30, end: 40 },
    b,
    { start: 50, end: 100 },
  ]);
  assert.deepEqual(substitute(first, 90, 100, b!.octets).at(-1), b);
});

Deno.test("a world that fails ends the run with its failure, so that it can be tried again", () => {
  const world = {
    mailboxExists: () => {
      throw new Error("the store is away");
    },
  };
  assert.throws(() => play('require "mailbox"; if mailboxexists "x" { discard; }', { world }), /the store is away/);
});

Deno.test("tests see the fields that the delivery puts before, edits leave them", () => {
  const prefix = new TextEncoder().encode("Delivered-To: bob@example.net\r\n");
  const result = play(
    'require "editheader"; if header "delivered-to" "bob@example.net" { deleteheader "delivered-to"; discard; }',
    { facts: { prefix } },
  );
  assert.deepEqual(outcome(result), ["discard"]);
});
