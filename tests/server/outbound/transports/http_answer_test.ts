/** What answers of services mean, whatever they are made of. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readHttpAnswer } from "../../../../src/server/outbound/transports/http_answer.ts";

const NOW = Date.UTC(2026, 10, 24);
const read = (status: number, body = "", retryAfter: string | null = null, to = ["a@x.example"]) =>
  readHttpAnswer({ status, body, retryAfter }, to, NOW);
const one = (status: number, body = "") => {
  const [{ kind, enhanced, text } = { kind: "", enhanced: "", text: "" }] = read(status, body).results;
  return `${kind} ${enhanced} ${text}`;
};

Deno.test("an HTTP answer is taken, for good or for later by its status; what is our own fault is never for good", () => {
  assert.equal(one(200, '{"id":"<m1@api>"}'), "delivered 2.0.0 Accepted as <m1@api>");
  assert.equal(one(202), "delivered 2.0.0 HTTP 202");
  assert.equal(one(200, "Queued"), "delivered 2.0.0 HTTP 200: Queued");
  assert.equal(one(400, '{"message":"bad recipient"}'), "permanent 5.0.0 HTTP 400: bad recipient");
  assert.equal(one(413), "permanent 5.3.4 HTTP 413");
  assert.equal(one(422, '{"error":{"message":"no"}}'), "permanent 5.0.0 HTTP 422: no");
  for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) assert.match(one(status), /^temporary 4\.0\.0/);
  for (const status of [401, 402, 403, 404, 405, 407, 411, 415]) assert.match(one(status), /^temporary 4\.3\.5/);
  for (const status of [301, 302, 303, 307, 308]) assert.match(one(status), /^temporary .*redirects are not followed/);
});

Deno.test("an HTTP answer names the message as services do", () => {
  for (const body of ['{"messageId":"7"}', '{"message_id":"7"}', '{"MessageID":"7","Message":"OK"}', '{"id":7}']) {
    assert.equal(one(200, body), "delivered 2.0.0 Accepted as 7");
  }
});

Deno.test("an HTTP answer may speak of each recipient, with codes of SMTP", () => {
  const body = JSON.stringify({
    id: "m1",
    recipients: [
      { address: "c@x.example", code: 550, enhanced: "5.1.1", message: "no such user" },
      { address: "a@x.example", code: 250, id: "m1-a" },
      { address: "b@x.example", code: 451, enhanced: "9.9.9" },
      { address: "z@x.example", code: 550 },
      { address: "d@x.example", code: 354 },
      { address: "d@x.example", code: "550" },
      null,
    ],
  });
  const { results } = read(200, body, null, ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]);
  assert.deepEqual(results.map(({ kind, enhanced, text }) => `${kind} ${enhanced} ${text}`), [
    "delivered undefined Accepted as m1-a",
    "temporary undefined Code 451",
    "permanent 5.1.1 no such user",
    "delivered 2.0.0 Accepted as m1",
  ]);
});

Deno.test("Retry-After is seconds or a date, and a day at most", () => {
  const after = (text: string, status = 429) => read(status, "", text).retryAfterMs;
  assert.equal(after("120"), 120_000);
  assert.equal(after(new Date(NOW + 60_000).toUTCString(), 503), 60_000);
  assert.equal(after("99999999"), 24 * 3600_000);
  for (const text of ["-5", "soon", "", new Date(NOW - 1).toUTCString(), "1e99", "9".repeat(90)]) {
    const ms = after(text);
    assert.ok(ms === undefined || ms === 24 * 3600_000, `${text}: ${ms}`);
  }
  assert.equal(after("120", 200), undefined);
});

Deno.test("an HTTP answer of anything gives printable results, one or one a recipient", () => {
  const json = fc.json().map((text) => text);
  const hostile = fc.constantFrom(
    '{"__proto__":{"id":"x"}}',
    '{"id":{"id":{"id":{}}}}',
    '{"recipients":[[[]]]}',
    "[1]",
    "null",
    "{",
    "\u202e\0\r\n",
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      fc.oneof(json, hostile, fc.string({ unit: "binary" })),
      (status, body) => {
        const { results } = read(status, body, null, ["a@x.example", "b@x.example"]);
        assert.ok(results.length === 1 || results.length === 2);
        for (const { text } of results) assert.match(text, /^[^\p{C}\p{Zl}\p{Zp}]{0,300}$/u);
      },
    ),
  );
});
