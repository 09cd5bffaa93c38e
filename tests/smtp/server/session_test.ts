import assert from "node:assert/strict";
import type { BlobId } from "../../../src/contract/mod.ts";
import { SMTP_LIMITS, type SmtpServerOptions, smtpSession } from "../../../src/smtp/server/mod.ts";
import { type Answers, play } from "../../support/run_machine.ts";

const OPTIONS: SmtpServerOptions = {
  profile: "mx",
  hostname: "mx",
  limits: SMTP_LIMITS,
  startTls: true,
  requireTls: false,
  allowPlaintextAuth: true,
  mechanisms: [],
};

const ANSWERS: Answers = {
  "sender.verify": () => ({ ok: true }),
  "rcpt.verify": ({ recipient }) =>
    recipient.forwardPath.startsWith("no@")
      ? { refused: { code: 550, enhanced: "5.1.1", text: "No such user" } }
      : { ok: true },
  "body.seal": () => ({ blobId: "b1" as BlobId, size: 7 }),
  "message.receive": ({ traceId, envelope }) => ({
    accepted: traceId,
    recipients: envelope.recipients.map(() => null),
  }),
};

const MAIL = "EHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n";

/** Status codes of the last line of each reply, with the same effects whole and in cuts. */
function codes(client: string, options: Partial<SmtpServerOptions> = {}): string {
  const start = () => smtpSession({ ...OPTIONS, ...options });
  const whole = play(start(), client, ANSWERS);
  if (!client.includes("STARTTLS")) {
    for (const size of [1, 2, 3, 7, 31]) {
      const cut = play(start(), client, ANSWERS, size);
      assert.equal(cut.sent, whole.sent, `pieces of ${size}`);
      // A refused body is let go of, and how much of it came out before depends on the cuts.
      if (!/^5(54|52)/m.test(whole.sent)) assert.deepEqual(cut.bodies, whole.bodies, `pieces of ${size}`);
    }
  }
  const lines = whole.sent.split("\r\n").filter((line) => line[3] === " ").map((line) => line.slice(0, 3));
  return lines.join(" ") + (whole.closed ? " closed" : "");
}

Deno.test("smtpSession() answers the dialogues of the RFCs, whole and in cuts", () => {
  const table: readonly (readonly [string, string, Partial<SmtpServerOptions>?])[] = [
    [MAIL + "DATA\r\nhello\r\n.\r\nQUIT\r\n", "220 250 250 250 354 250 221 closed"],
    ["MAIL FROM:<a@x>\r\n", "220 503"],
    [MAIL + "MAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n", "220 250 250 250 503 250 250"],
    ["EHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<no@y>\r\nDATA\r\n", "220 250 250 550 554"],
    ["EHLO c\r\nDATA\r\nVRFY a\r\nEXPN a\r\nHELP\r\nNOOP\r\nWHAT\r\n", "220 250 503 252 502 214 250 500"],
    // Smuggling: all is one body, and it is refused.
    [MAIL + "DATA\r\nx\n.\nMAIL FROM:<e@x>\r\n.\r\nNOOP\r\n", "220 250 250 250 354 554 250"],
    [MAIL + "DATA\r\nx\r\n.\nMAIL FROM:<e@x>\r\n.\r\nNOOP\r\n", "220 250 250 250 354 554 250"],
    [MAIL + "DATA\r\nx\r.\rMAIL FROM:<e@x>\r\n.\r\nNOOP\r\n", "220 250 250 250 354 554 250"],
    // BDAT: errors consume the octets.
    [MAIL + "BDAT 5\r\nNOOP\nBDAT 0 LAST\r\n", "220 250 250 250 250 554"],
    [MAIL + "BDAT 6\r\nNOOP\r\nBDAT 0 LAST\r\nNOOP\r\n", "220 250 250 250 250 250 250"],
    ["EHLO c\r\nBDAT 6 LAST\r\nNOOP\r\nNOOP\r\n", "220 250 503 250"],
    [MAIL + "BDAT x\r\nNOOP\r\n", "220 250 250 250 501 closed"],
    [MAIL + "DATA\r\n0123456789\r\n.\r\nNOOP\r\n", "220 250 250 250 354 552 250", {
      limits: { ...SMTP_LIMITS, messageSize: 5 },
    }],
    ["EHLO c\r\nMAIL FROM:<a@x> SIZE=99999999999\r\nMAIL FROM:<a@x> FOO\r\n", "220 250 552 555"],
    ["NOOP " + "x".repeat(3000) + "\r\nNOOP\nNOOP\r\n", "220 500 500 250"],
    ["GET / HTTP/1.1\r\nHost: x\r\n", "220 421 closed"],
    ["X\r\nX\r\nX\r\n", "220 500 500 421 closed", { limits: { ...SMTP_LIMITS, errors: 3 } }],
    ["EHLO c\r\nSTARTTLS\r\nNOOP\r\n", "220 250 421 closed"],
    ["EHLO c\r\nMAIL FROM:<a@x>\r\nAUTH PLAIN AHUAcA==\r\nMAIL FROM:<a@x>\r\n", "220 250 530 235 250", {
      profile: "submission",
      mechanisms: ["PLAIN"],
    }],
    [
      "LHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nDATA\r\nx\r\n.\r\nEHLO c\r\n",
      "220 250 250 250 250 354 250 250 500",
      {
        profile: "lmtp",
      },
    ],
  ];
  ANSWERS["auth.password"] = ({ login }) => ({ accountId: "a1" as never, login, scopes: null });
  for (const [client, want, options] of table) {
    assert.equal(codes(client, options), want, JSON.stringify(client).slice(0, 100));
  }
});

Deno.test("smtpSession() forgets everything at STARTTLS", () => {
  const played = play(smtpSession(OPTIONS), ["EHLO c\r\n", "STARTTLS\r\n", "MAIL FROM:<a@x>\r\n"], ANSWERS);
  assert.match(played.sent, /220 2\.0\.0 Ready to start TLS\r\n503 5\.5\.1 Send EHLO first\r\n$/);
});
