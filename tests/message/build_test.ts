import assert from "node:assert/strict";
import { latin1String, utf8Bytes, utf8String } from "../../src/base/bytes.ts";
import { buildField, buildMessage } from "../../src/message/build.ts";
import { formatDate } from "../../src/message/date.ts";

const field = (name: string, value: string) => utf8String(buildField(name, value));

Deno.test("formatDate() writes universal time with an English day", () => {
  assert.equal(formatDate(0), "Thu, 1 Jan 1970 00:00:00 +0000");
  assert.equal(formatDate(Date.UTC(2026, 10, 24, 6, 7, 41)), "Tue, 24 Nov 2026 06:07:41 +0000");
});

Deno.test("buildField() leaves short ASCII alone and encodes what is not", () => {
  assert.equal(field("Subject", "Hello there"), "Subject: Hello there\r\n");
  assert.equal(
    field("Subject", "Re: Grüße von Zoë today"),
    "Subject: Re: =?utf-8?b?R3LDvMOfZSB2b24gWm/Dqw==?= today\r\n",
  );
  assert.equal(field("Subject", "=?utf-8?q?x?="), "Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=\r\n");
  assert.equal(field("Subject", ""), "Subject: \r\n");
});

Deno.test("buildField() encodes display names, never addresses", () => {
  assert.equal(field("From", "Zoë Ü <zoe@example.org>"), "From: =?utf-8?b?Wm/DqyDDnA==?= <zoe@example.org>\r\n");
  assert.equal(
    field("To", '"Müller, Jörg" <a@b.example>, plain@c.example, "x, y" <d@e.example>'),
    'To: =?utf-8?b?TcO8bGxlciwgSsO2cmc=?= <a@b.example>, plain@c.example, "x, y"\r\n <d@e.example>\r\n',
  );
  assert.equal(field("To", "jörg@exämple.org"), "To: jörg@exämple.org\r\n");
  assert.equal(field("Cc", "Grüppe: a@b.example;"), "Cc: =?utf-8?q?Gr=C3=BCppe?=: a@b.example;\r\n");
});

Deno.test("buildField() lets no value begin a new field", () => {
  assert.equal(field("Subject", "a\r\nBcc: x@y.example"), "Subject: a  Bcc: x@y.example\r\n");
  assert.equal(field("Subject", "a\nb\0c\rd"), "Subject: a b c d\r\n");
  assert.equal(field("Subject", "a\r\n b"), "Subject: a b\r\n");
  assert.throws(() => buildField("Subject: x\r\nTo", "a"), TypeError);
  assert.throws(() => buildField("", "a"), TypeError);
});

Deno.test("buildField() folds at 78 and keeps encoded-words at 75", () => {
  for (const value of ["word ".repeat(200), "ü".repeat(500), "日本語 テスト ".repeat(60), "x".repeat(2000)]) {
    const text = field("Subject", value);
    for (const line of text.split("\r\n")) assert.ok(line.length <= 78, line);
    for (const line of text.slice(0, -2).split("\r\n").slice(1)) assert.match(line, /^ \S/);
  }
});

Deno.test("buildMessage() writes text in the plainest encoding that carries it", () => {
  const of = (text: string) => latin1String(buildMessage({ headers: [], body: { type: "text/plain", text } }, "b"));
  assert.equal(of("a\nb"), "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\na\r\nb\r\n");
  assert.match(of("für alle da sein"), /charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nf=C3=BCr/);
  assert.match(of("日本語"), /Content-Transfer-Encoding: base64\r\n\r\n5pel5pys6Kqe/);
  assert.match(of("x".repeat(1000)), /quoted-printable\r\n\r\nx{75}=\r\n/);
});

Deno.test("buildMessage() writes a report with the returned message as it was", () => {
  const original = utf8Bytes("Subject: ü\r\n\r\nbody\r\n");
  const text = utf8String(buildMessage({
    headers: [["From", "MAILER-DAEMON@example.org"], ["Subject", "Undelivered"]],
    body: {
      type: "multipart/report; report-type=delivery-status",
      parts: [
        { type: "text/plain; charset=utf-8", text: "Sorry.\n" },
        { type: "message/delivery-status", text: "Reporting-MTA: dns; mx.example\n" },
        { type: "message/rfc822", bytes: original, disposition: "inline" },
        { type: "application/octet-stream", bytes: new Uint8Array([0, 255]) },
      ],
    },
  }, "s33d"));
  assert.equal(
    text,
    [
      "From: MAILER-DAEMON@example.org",
      "Subject: Undelivered",
      "MIME-Version: 1.0",
      "Content-Type: multipart/report; report-type=delivery-status;",
      ' boundary="=_s33d_1_"',
      "",
      "--=_s33d_1_",
      "Content-Type: text/plain; charset=utf-8",
      "",
      "Sorry.",
      "",
      "--=_s33d_1_",
      "Content-Type: message/delivery-status",
      "",
      "Reporting-MTA: dns; mx.example",
      "",
      "--=_s33d_1_",
      "Content-Type: message/rfc822",
      "Content-Transfer-Encoding: 8bit",
      "Content-Disposition: inline",
      "",
      "Subject: ü",
      "",
      "body",
      "",
      "--=_s33d_1_",
      "Content-Type: application/octet-stream",
      "Content-Transfer-Encoding: base64",
      "",
      "AP8=",
      "",
      "--=_s33d_1_--",
      "",
    ].join("\r\n"),
  );
});

Deno.test("buildMessage() chooses a boundary that no part contains", () => {
  const text = latin1String(buildMessage({
    headers: [],
    body: { type: "multipart/mixed", parts: [{ type: "text/plain", text: "--=_seed_1_\n--=_seed1_\n" }] },
  }, "seed"));
  assert.ok(text.includes('boundary="=_seed2_1_"'));
});
