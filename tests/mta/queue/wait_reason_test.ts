import assert from "node:assert/strict";
import type { QueueRow } from "../../../src/contract/mod.ts";
import { releasedAt, waitReason } from "../../../src/mta/queue/mod.ts";
import { NOW, SENDER } from "../../mda/world_of_addresses.ts";

const row = (more: Partial<QueueRow> = {}) =>
  ({
    state: "ready",
    attempts: 1,
    queuedAt: NOW,
    dueAt: NOW + 1000,
    lastReply: null,
    route: null,
    sender: SENDER,
    ...more,
  }) as QueueRow;

Deno.test("waitReason() says why a row waits, in words", () => {
  const table: readonly (readonly [Partial<QueueRow>, RegExp])[] = [
    [{ state: "held" }, /administrator/],
    [{ state: "leased" }, /being sent/],
    [{ dueAt: NOW }, /^due$/],
    [{ attempts: 0 }, /others go first/],
    [{ attempts: 0, sender: { ...SENDER, hold: { for: 500 } } }, /its sender asked/],
    [{ attempts: 0, sender: { ...SENDER, hold: { until: NOW - 5 } } }, /others go first/],
    [{ lastReply: "451 4.7.1 Greylisted" }, /greylisting/],
    [{ lastReply: "451 4.4.1 mx.example (192.0.2.1, port 25) refuses connections" }, /no server could be reached/],
    [{ lastReply: "451 4.4.1 Not tried now: mx.example refuses connections" }, /left alone/],
    [{ lastReply: "452 4.2.2 Mailbox full" }, /the server put it off/],
    [{ lastReply: "450 busy" }, /the server put it off/],
    [{ lastReply: "451 4.4.3 cannot be looked up now" }, /could not be sent/],
    [{ lastReply: null }, /will be again/],
    [{ lastReply: "nonsense" }, /will be again/],
  ];
  for (const [more, want] of table) assert.match(waitReason(row(more), NOW), want, JSON.stringify(more));
});

Deno.test("releasedAt() is the submission, or what the sender asked for", () => {
  assert.equal(releasedAt(row()), NOW);
  assert.equal(releasedAt(row({ sender: { ...SENDER, hold: { for: 10 } } })), NOW + 10);
  assert.equal(releasedAt(row({ sender: { ...SENDER, hold: { until: NOW + 20 } } })), NOW + 20);
  assert.equal(releasedAt(row({ sender: { ...SENDER, hold: { until: NOW - 20 } } })), NOW);
});
