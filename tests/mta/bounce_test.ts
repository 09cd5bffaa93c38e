import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, utf8Bytes, utf8String } from "../../src/base/bytes.ts";
import type { BlobId, EnvelopeSender, QueueId, QueueRow, TraceId } from "../../src/contract/mod.ts";
import { MessageIndexer } from "../../src/message/mod.ts";
import { type BounceRequest, buildBounce, returnsWhole } from "../../src/mta/bounce.ts";
import type { Reported } from "../../src/mta/queue/mod.ts";
import type { RecipientResult } from "../../src/smtp/client/mod.ts";

const NOW = Date.UTC(2026, 10, 24, 6, 7, 41);
const SENDER: EnvelopeSender = {
  reversePath: "alice@ours.example",
  size: null,
  body: "7bit",
  smtputf8: false,
  requireTls: false,
  ret: null,
  envid: null,
};
const NO: RecipientResult = { kind: "permanent", code: 550, enhanced: "5.1.1", text: "No such user", remote: true };

function row(forwardPath: string, more: Partial<QueueRow> = {}): QueueRow {
  return {
    queueId: "q1" as QueueId,
    traceId: "s1.1" as TraceId,
    recipient: { forwardPath, notify: null, orcpt: null },
    domain: "there.example",
    state: "leased",
    priority: "normal",
    attempts: 0,
    queuedAt: NOW - 60_000,
    dueAt: NOW,
    expiresAt: NOW + 1000,
    lastReply: null,
    route: null,
    sender: SENDER,
    blobId: "b1" as BlobId,
    size: 10,
    ...more,
  };
}

function report(more: Partial<Reported> = {}): Reported {
  return {
    row: row("bob@there.example"),
    result: NO,
    host: "mx.there.example",
    tls: null,
    local: false,
    dsn: true,
    action: "failed",
    dueAt: null,
    expired: false,
    ...more,
  };
}

function request(reports: readonly Reported[], more: Partial<BounceRequest> = {}): BounceRequest {
  return {
    hostname: "mail.ours.example",
    id: "k3v9",
    sender: SENDER,
    reports,
    original: {
      bytes: latin1Bytes("Subject: hi\r\nMessage-ID: <m@x>\r\n\r\n"),
      whole: false,
      messageId: "<m@x>",
      subject: "hi",
    },
    arrivedAt: NOW - 60_000,
    now: NOW,
    ...more,
  };
}

/** The text of part `n` of a report, by our own reader. */
function partsOf(bytes: Uint8Array) {
  const indexer = new MessageIndexer();
  indexer.push(bytes);
  const { root, envelope } = indexer.finish();
  const parts = root.parts.map((part) => ({
    type: `${part.type}/${part.subtype}`,
    text: utf8String(bytes.slice(part.bodyStart, part.bodyEnd)),
  }));
  return { root, envelope, parts };
}

Deno.test("buildBounce() writes the report of RFC 3464 about a refusal", () => {
  const bounce = buildBounce(request([report()]))!;
  assert.equal(bounce.envelope.sender.reversePath, "");
  assert.deepEqual(bounce.envelope.recipients, [{ forwardPath: "alice@ours.example", notify: [], orcpt: null }]);
  const { root, envelope, parts } = partsOf(bounce.bytes);
  assert.deepEqual(root.params.find(([name]) => name === "report-type"), ["report-type", "delivery-status"]);
  assert.equal(envelope.subject, "Your message was not delivered: hi");
  assert.equal(envelope.inReplyTo, "<m@x>");
  assert.deepEqual(parts.map((part) => part.type), ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
  assert.match(parts[0]!.text, /To bob@there\.example: NOT DELIVERED\r\n/);
  assert.match(parts[0]!.text, /The server mx\.there\.example said:\r\n {4}550 5\.1\.1 No such user\r\n/);
  assert.match(parts[0]!.text, /Look whether the address is spelled right\./);
  assert.equal(
    parts[1]!.text,
    "Reporting-MTA: dns; mail.ours.example\r\nArrival-Date: Tue, 24 Nov 2026 06:06:41 +0000\r\n\r\n" +
      "Final-Recipient: rfc822; bob@there.example\r\nAction: failed\r\nStatus: 5.1.1\r\n" +
      "Remote-MTA: dns; mx.there.example\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\n" +
      "Last-Attempt-Date: Tue, 24 Nov 2026 06:07:41 +0000\r\n",
  );
  assert.match(parts[2]!.text, /^Subject: hi\r\nMessage-ID: <m@x>/);
});

Deno.test("buildBounce() never answers the null sender", () => {
  assert.equal(buildBounce(request([report()], { sender: { ...SENDER, reversePath: "" } })), null);
  assert.equal(buildBounce(request([])), null);
});

Deno.test("buildBounce() tells every recipient's fate apart, with status in agreement with the action", () => {
  const later: RecipientResult = { kind: "temporary", code: 450, enhanced: "4.2.0", text: "Later", remote: true };
  const own: RecipientResult = { kind: "permanent", code: 550, enhanced: "5.1.2", text: "No domain", remote: false };
  const ok: RecipientResult = { kind: "delivered", code: 250, enhanced: "2.1.5", text: "ok", remote: true };
  const bounce = buildBounce(request([
    report({ row: row("a@x.example"), result: own, host: null }),
    report({ row: row("b@x.example"), result: later, action: "delayed", dueAt: NOW + 500 }),
    report({ row: row("c@x.example"), result: later, expired: true }),
    report({ row: row("d@x.example"), result: ok, action: "relayed" }),
  ]))!;
  const status = partsOf(bounce.bytes).parts[1]!.text;
  const groups = status.split("\r\n\r\n").slice(1);
  assert.equal(groups.length, 4);
  assert.match(groups[0]!, /Action: failed\r\nStatus: 5\.1\.2\r\nDiagnostic-Code: x-palomar; 550 5\.1\.2 No domain/);
  assert.doesNotMatch(groups[0]!, /Remote-MTA/);
  assert.match(groups[1]!, /Action: delayed\r\nStatus: 4\.2\.0\r\n[^]*Will-Retry-Until: /);
  assert.match(groups[2]!, /Action: failed\r\nStatus: 5\.4\.7\r\n/);
  assert.match(groups[3]!, /Action: relayed\r\nStatus: 2\.1\.5\r\n/);
});

Deno.test("buildBounce() returns what the sender asked for: ENVID, ORCPT, the whole message", () => {
  const sender = { ...SENDER, envid: "QQ314159", ret: "full" as const };
  const asked = report({
    row: row("bob@there.example", {
      recipient: { forwardPath: "bob@there.example", notify: ["failure"], orcpt: "rfc822;Bob@list.example" },
    }),
  });
  assert.equal(returnsWhole(sender, [asked], 1000), true);
  assert.equal(returnsWhole(sender, [asked], 100_000_000), false);
  assert.equal(returnsWhole(sender, [report({ action: "delayed" })], 1000), false);
  assert.equal(returnsWhole({ ...sender, ret: null }, [asked], 1000), false);
  const original = {
    bytes: latin1Bytes("A: b\r\n\r\n--k3v9\r\nbody\r\n"),
    whole: true,
    messageId: null,
    subject: null,
  };
  const { parts } = partsOf(buildBounce(request([asked], { sender, original }))!.bytes);
  assert.match(parts[1]!.text, /^Original-Envelope-Id: QQ314159\r\n/);
  assert.match(parts[1]!.text, /Original-Recipient: rfc822; Bob@list\.example\r\nFinal-Recipient: rfc822; bob@/);
  assert.equal(parts[2]!.type, "message/rfc822");
  assert.equal(parts[2]!.text, "A: b\r\n\r\n--k3v9\r\nbody\r\n");
});

Deno.test("buildBounce() writes addresses in UTF-8 as RFC 6533 says, and asks for SMTPUTF8", () => {
  const bounce = buildBounce(request([report({ row: row("bøb@there.example") })]))!;
  assert.equal(bounce.envelope.sender.smtputf8, true);
  assert.equal(bounce.envelope.sender.body, "8bitmime");
  const { parts } = partsOf(bounce.bytes);
  assert.equal(parts[1]!.type, "message/global-delivery-status");
  assert.match(parts[1]!.text, /Final-Recipient: utf-8; bøb@there\.example\r\n/);
});

Deno.test("buildBounce() returns header fields in UTF-8 under the types of RFC 6533 section 6", () => {
  const typeOf = (text: string, whole: boolean, smtputf8 = true) => {
    const original = { bytes: utf8Bytes(text), whole, messageId: null, subject: null };
    const made = buildBounce(request([report()], { sender: { ...SENDER, smtputf8 }, original }))!;
    return partsOf(made.bytes).parts[2]!.type;
  };
  assert.equal(typeOf("Subject: Grüße\r\n\r\n", false), "message/global-headers");
  assert.equal(typeOf("Subject: Grüße\r\n\r\nx", true), "message/global");
  assert.equal(typeOf("Subject: x\r\n\r\nGrüße", true), "message/rfc822");
  assert.equal(typeOf("Subject: x\r\n\r\n", false), "text/rfc822-headers");
  assert.equal(typeOf("Subject: Grüße\r\n\r\n", false, false), "text/rfc822-headers");
});

Deno.test("buildBounce() lets no remote text begin a field, a line of the report or a part", () => {
  const hostile = fc.string({
    unit: fc.constantFrom("\r", "\n", "\0", "\u2028", ":", "-", "a", " ", "é", "=?x?q?y?="),
  });
  fc.assert(fc.property(hostile, hostile, hostile, (text, subject, host) => {
    const result: RecipientResult = { ...NO, text: `x\r\nAction: delivered\r\n\r\n${text}` };
    const original = {
      bytes: utf8Bytes("A: b\r\n\r\n"),
      whole: false,
      messageId: `<${text}>`,
      subject: `s\r\nBcc: x${subject}`,
    };
    const { bytes } = buildBounce(request([report({ result, host: `mx${host}` })], { original }))!;
    const { root, parts } = partsOf(bytes);
    assert.equal(parts.length, 3);
    assert.equal(parts[1]!.text.match(/^Action:/gm)?.length, 1);
    assert.equal(parts[1]!.text.split("\r\n\r\n").length, 2);
    const header = utf8String(bytes.slice(0, root.bodyStart));
    assert.doesNotMatch(header, /^(Bcc|Action):/m);
  }));
});
