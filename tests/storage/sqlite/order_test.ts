import assert from "node:assert/strict";
import fc from "fast-check";
import type { AnswerOf, Args, SearchKey } from "../../../src/contract/mod.ts";
import { flatThreads } from "../../../src/storage/flat_threads.ts";
import { message } from "../scene.ts";
import { type Pair, withPair } from "./pair.ts";

const KEYS = ["arrival", "cc", "date", "from", "size", "subject", "to", "displayFrom", "displayTo"] as const;
const ADDRESSES = [
  "ann@example.org",
  "Bob <bob@example.org>",
  "=?utf-8?Q?=C3=84nne?= <a@example.org>",
  "group: x@y.example;",
  "",
];
const address = fc.constantFrom(...ADDRESSES);
const subject = fc.constantFrom(
  "one",
  "Re: one",
  "Fwd: [list] ONE",
  "two",
  "\u00e4pfel",
  "Re: =?utf-8?Q?=C3=84pfel?=",
  "",
);
const mail = fc.record({
  subject,
  from: address,
  to: address,
  cc: address,
  parent: fc.option(fc.nat(300), { nil: null }),
  day: fc.option(fc.integer({ min: 10, max: 28 }), { nil: null }),
});
const order = fc.array(fc.record({ key: fc.constantFrom(...KEYS), reverse: fc.boolean() }), {
  minLength: 1,
  maxLength: 3,
});

function octets(i: number, { subject, from, to, cc, parent, day }: ReturnType<typeof sample>[number]): Uint8Array {
  const lines = [`Message-ID: <${i}@x>`, `Subject: ${subject}`, `From: ${from}`, `To: ${to}`, `Cc: ${cc}`];
  if (parent !== null) lines.push(`References: <${(parent * 7) % 300}@x> <${parent}@x>`);
  if (day !== null) lines.push(`Date: ${day} Jan 2001 00:00:00 +0000`);
  return message("x".repeat(i % 9), lines.join("\r\n"));
}

function sample(count: number) {
  return fc.sample(mail, { numRuns: count, seed: 3 });
}

function flat(answer: unknown): readonly number[] {
  return [...flatThreads((answer as AnswerOf<"email.thread">).threads)];
}

async function agreeOnOrder(pair: Pair, search: SearchKey, orders: readonly Args<"email.sort">["order"][]) {
  const ask = (run: (scene: Pair["indexed"], where: Args<"email.search">) => Promise<unknown>) =>
    Promise.all([pair.indexed, pair.scanned].map(async (s) => {
      const { mailboxId } = await s.mailbox(s.ann, "INBOX");
      return await run(s, { accountId: s.ann, mailboxId, search });
    }));
  for (const order of orders) {
    const [one, other] = await ask((s, where) => s.ask("email.sort", { ...where, order }));
    assert.deepEqual(one, other, JSON.stringify(order));
  }
  for (const algorithm of ["references", "refs", "orderedSubject"] as const) {
    const [one, other] = await ask((s, where) => s.ask("email.thread", { ...where, algorithm }));
    assert.deepEqual(flat(one), flat(other), algorithm);
  }
}

Deno.test("SORT and THREAD by the index are those of the envelopes, also while it lags and after removals", async () => {
  await withPair(async (pair) => {
    const mails = sample(290);
    const append = async (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        await pair.append(octets(i, mails[i]!), i % 2 === 0 ? ["\\Seen"] : [], (i % 13) * 1000);
      }
    };
    const orders = [...KEYS.map((key) => [{ key, reverse: false }]), ...fc.sample(order, { numRuns: 12, seed: 4 })];
    await append(0, 260);
    await pair.store.settleIndex();
    await agreeOnOrder(pair, { key: "all" }, orders);
    await append(260, 290);
    await pair.remove(1, 2, 3, 100, 262);
    await agreeOnOrder(pair, { key: "all" }, orders);
    await agreeOnOrder(pair, { key: "flag", flag: "\\Seen" }, orders.slice(0, 5));
  });
});
