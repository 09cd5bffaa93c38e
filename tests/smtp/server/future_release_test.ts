/** RFC 4865 on submission: what is offered, what is understood, what is refused. */
import assert from "node:assert/strict";
import type { AccountId, EnvelopeSender } from "../../../src/contract/mod.ts";
import { SMTP_LIMITS, type SmtpServerOptions, smtpSession } from "../../../src/smtp/server/mod.ts";
import { parseHoldFor, parseHoldUntil, printDateTime } from "../../../src/smtp/wire/mod.ts";
import { Player } from "../../support/run_machine.ts";

const NOW = Date.UTC(2026, 10, 24, 6, 0, 0);

function session(more: Partial<SmtpServerOptions> = {}) {
  const senders: EnvelopeSender[] = [];
  const player = new Player(
    smtpSession({
      profile: "submission",
      hostname: "mail.ours.example",
      limits: SMTP_LIMITS,
      startTls: false,
      requireTls: false,
      allowPlaintextAuth: true,
      mechanisms: ["PLAIN"],
      futureReleaseMs: 86_400_000,
      ...more,
    }),
    {
      "clock.now": () => NOW,
      "auth.password": ({ login }) => ({ accountId: "a1" as AccountId, login, scopes: null }),
      "sender.verify": ({ sender }) => {
        senders.push(sender);
        return { ok: true };
      },
    },
  );
  const say = (text: string) => {
    const before = player.played.sent.length;
    player.feed(text);
    return player.played.sent.slice(before);
  };
  return { say, senders };
}

Deno.test("FUTURERELEASE is offered with the longest time and its end, to submitters only", () => {
  const { say } = session();
  assert.match(say("EHLO c\r\n"), /\r\n250-FUTURERELEASE 86400 2026-11-25T06:00:00Z\r\n/);
  assert.doesNotMatch(session({ futureReleaseMs: 0 }).say("EHLO c\r\n"), /FUTURERELEASE/);
  assert.doesNotMatch(session({ profile: "mx", mechanisms: [] }).say("EHLO c\r\n"), /FUTURERELEASE/);
});

Deno.test("HOLDFOR and HOLDUNTIL are understood, one at a time, where they are offered", () => {
  const { say, senders } = session();
  const hold = (params: string) => {
    const reply = say(`MAIL FROM:<a@ours.example>${params}\r\n`);
    say("RSET\r\n");
    return reply.slice(0, 9);
  };
  say("EHLO c\r\nAUTH PLAIN AGEAYg==\r\n");
  assert.equal(hold(" HOLDFOR=3600"), "250 2.1.0");
  assert.equal(hold(" HOLDUNTIL=2026-11-24T08:00:00+01:00"), "250 2.1.0");
  assert.equal(hold(""), "250 2.1.0");
  assert.deepEqual(senders.map((sender) => sender.hold), [{ for: 3_600_000 }, { until: NOW + 3_600_000 }, undefined]);
  const bad = [
    " HOLDFOR",
    " HOLDFOR=",
    " HOLDFOR=0",
    " HOLDFOR=-1",
    " HOLDFOR=1234567890",
    " HOLDUNTIL=tomorrow",
    " HOLDUNTIL=2026-02-30T00:00:00Z",
    " HOLDFOR=60 HOLDUNTIL=2026-11-24T08:00:00Z",
  ];
  for (const params of bad) assert.equal(hold(params), "501 5.5.4", params);
  const mx = session({ profile: "mx", mechanisms: [] });
  mx.say("EHLO c\r\n");
  assert.equal(mx.say("MAIL FROM:<a@b.example> HOLDFOR=60\r\n").slice(0, 9), "555 5.5.4");
});

Deno.test("parseHoldUntil() reads the dates of RFC 3339 and no others", () => {
  assert.equal(parseHoldUntil("1996-12-19T16:39:57-08:00"), Date.UTC(1996, 11, 20, 0, 39, 57));
  assert.equal(parseHoldUntil("1990-12-31t23:59:60z"), Date.UTC(1990, 11, 31, 23, 59, 59));
  assert.equal(parseHoldUntil("2024-02-29T12:00:00.123456Z"), Date.UTC(2024, 1, 29, 12));
  const none = ["", "2026-11-24", "2026-11-24 06:00:00Z", "2026-11-24T06:00:00", "2025-02-29T00:00:00Z"];
  none.push("2026-13-01T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T06:00:00+24:00", "0000-00-00T00:00:00Z");
  none.push("2026-11-24T06:00:00." + "1".repeat(80) + "Z");
  for (const text of none) assert.equal(parseHoldUntil(text), null, text);
  assert.equal(parseHoldUntil(printDateTime(NOW)), NOW);
  assert.equal(parseHoldFor("999999999"), 999_999_999_000);
  assert.equal(parseHoldFor("08"), null);
});

Deno.test("XVERP is offered to submitters, and understood with the delimiters that are used", () => {
  const { say, senders } = session();
  assert.match(say("EHLO c\r\n"), /\r\n250-XVERP\r\n/);
  say("AUTH PLAIN AGEAYg==\r\n");
  const reply = (line: string) => {
    const text = say(`MAIL FROM:${line}\r\n`).slice(0, 9);
    say("RSET\r\n");
    return text;
  };
  assert.equal(reply("<a@ours.example> XVERP"), "250 2.1.0");
  assert.equal(reply("<a@ours.example> XVERP=+="), "250 2.1.0");
  assert.equal(reply("<a@ours.example>"), "250 2.1.0");
  assert.deepEqual(senders.map((sender) => sender.verp), [true, true, undefined]);
  for (const bad of ["<> XVERP", "<a@ours.example> XVERP=-_"]) assert.equal(reply(bad), "501 5.5.4");
  const other = session({ profile: "mx", mechanisms: [] });
  assert.doesNotMatch(other.say("EHLO c\r\n"), /XVERP/);
  assert.equal(other.say("MAIL FROM:<a@ours.example> XVERP\r\n").slice(0, 9), "555 5.5.4");
});
