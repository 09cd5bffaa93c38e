import assert from "node:assert/strict";
import fc from "fast-check";
import { MailLimits, RateTable, Strikes } from "../../src/abuse/mod.ts";
import { waitText } from "../../src/abuse/mail_limits.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NONE = { messagesPerHour: null, messagesPerDay: null, recipientsPerHour: null, recipientsPerDay: null };

Deno.test("RateTable lets in as much as the rule says and says when there is room again", () => {
  const table = new RateTable([{ most: 3, windowMs: HOUR }]);
  for (let n = 0; n < 3; n++) assert.equal(table.take("a", 1, n), null);
  const refused = table.take("a", 1, 10 * MINUTE);
  assert.equal(refused?.rule.most, 3);
  assert.equal(table.take("b", 1, 10 * MINUTE), null); // others do not suffer
  const at = 10 * MINUTE + refused!.retryMs;
  assert.ok(table.take("a", 1, at - MINUTE), "not earlier than said");
  assert.equal(table.take("a", 1, at + 1), null);
});

Deno.test("RateTable never lets in more than twice the rule within a window, and always what is promised", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 20 * MINUTE }), { minLength: 1, maxLength: 80 }),
    fc.integer({ min: 1, max: 8 }),
    (gaps, most) => {
      const table = new RateTable([{ most, windowMs: HOUR }]);
      const taken: number[] = [];
      let now = 0;
      for (const gap of gaps) {
        now += gap;
        const refused = table.take("a", 1, now);
        if (refused === null) taken.push(now);
        else assert.equal(table.check("a", 1, now + refused.retryMs + 1), null);
        const within = taken.filter((at) => at > now - HOUR).length;
        assert.ok(within <= 2 * most, `${within} of ${most}`);
      }
    },
  ));
});

Deno.test("RateTable refuses by the rule that is reached, and is bounded whatever comes", () => {
  const table = new RateTable([{ most: 10, windowMs: HOUR }, { most: 15, windowMs: 24 * HOUR }], 100);
  for (let n = 0; n < 10; n++) table.take("a", 1, 0);
  assert.equal(table.take("a", 1, 0)?.rule.windowMs, HOUR);
  for (let n = 0; n < 5; n++) assert.equal(table.take("a", 1, 3 * HOUR), null);
  const day = table.take("a", 1, 3 * HOUR);
  assert.equal(day?.rule.windowMs, 24 * HOUR);
  assert.ok(day!.retryMs > 21 * HOUR);
  for (let n = 0; n < 1000; n++) table.take(`key ${n}`, 1, 3 * HOUR);
  assert.equal(table.size, 100);
  assert.equal(table.count("a", 3 * HOUR), 0);
});

Deno.test("MailLimits counts an account wherever it is, and strangers by address and network", () => {
  const limits = new MailLimits({
    account: { ...NONE, messagesPerHour: 2 },
    address: { ...NONE, messagesPerHour: 3, recipientsPerHour: 1 },
    network: { ...NONE, messagesPerHour: 4 },
    networkPrefix: { ipv4: 24, ipv6: 64 },
  });
  const send = (who: Parameters<MailLimits["check"]>[1], what: "messages" | "recipients" = "messages") => {
    const reached = limits.check(what, who, 0);
    if (!reached) limits.add(what, who, 0);
    return reached;
  };
  const alice = { account: "alice@example.org" };
  assert.deepEqual([send(alice), send(alice)], [null, null]);
  assert.deepEqual(send(alice), {
    reason: "rate.account.messages",
    refusal: {
      code: 451,
      enhanced: "4.7.1",
      text: "alice@example.org may send 2 messages within an hour here; try again in 90 minutes",
    },
  });
  const one = { address: "192.0.2.1" };
  for (let n = 0; n < 3; n++) assert.equal(send(one), null);
  assert.equal(send(one)?.reason, "rate.address.messages");
  assert.equal(send({ address: "192.0.2.2" }), null);
  assert.equal(send({ address: "192.0.2.3" })?.reason, "rate.network.messages");
  assert.equal(send({ address: "198.51.100.1" }), null);
  assert.equal(send(one, "recipients"), null);
  assert.equal(send(one, "recipients")?.refusal.code, 450);
  // A /64 is one customer, and one address in it is not the network.
  for (let n = 0; n < 4; n++) assert.equal(send({ address: `2001:db8::${n}` }), null);
  assert.equal(send({ address: "2001:db8::5" })?.reason, "rate.network.messages");
  assert.equal(send({ address: "2001:db8:0:1::5" }), null);
});

Deno.test("waitText() never promises too early", () => {
  assert.deepEqual([0, 1, 60_001, 119 * MINUTE, 120 * MINUTE, 121 * MINUTE].map(waitText), [
    "1 minute",
    "1 minute",
    "2 minutes",
    "119 minutes",
    "2 hours",
    "3 hours",
  ]);
});

Deno.test("Strikes are too many at the number that is named, each kind for itself, and begin anew", () => {
  const strikes = new Strikes({ failedLogins: 3, unknownRecipients: null, protocolErrors: 1, withinMs: HOUR });
  const add = (kind: Parameters<Strikes["add"]>[0], now = 0) => strikes.add(kind, "192.0.2.1", now);
  assert.deepEqual([add("failedLogins"), add("failedLogins"), add("failedLogins")], [null, null, 3]);
  assert.equal(add("failedLogins"), null);
  assert.equal(add("protocolErrors"), 1);
  for (let n = 0; n < 100; n++) assert.equal(add("unknownRecipients"), null);
  for (let n = 1; n < 20; n++) assert.equal(add("failedLogins", n * 2 * HOUR), null); // slow ones are forgotten
});
