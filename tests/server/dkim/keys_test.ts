import assert from "node:assert/strict";
import type { DnsAnswer, Op } from "../../../src/contract/mod.ts";
import { activateKeys } from "../../../src/server/dkim/activate_keys.ts";
import { DkimKeys } from "../../../src/server/dkim/keys.ts";
import { memoryLogger } from "../../../src/server/log.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { onceMadeKey } from "./once_made_key.ts";

const DAY = 86_400_000;

/** A store with `example.org`, and a DNS that the test writes. */
async function world() {
  const storage = memoryStorage();
  await storage.perform("domain.add", { name: "example.org", now: 1 });
  const txt = new Map<string, readonly string[] | "fail">();
  const time = { now: Date.UTC(2026, 10, 24, 12) };
  const resolve = (name: string): Promise<DnsAnswer> => {
    const found = txt.get(name);
    if (found === "fail") return Promise.resolve({ kind: "tempfail", reason: "timeout" });
    if (!found) return Promise.resolve({ kind: "nxdomain", authenticated: false, ttl: 60 });
    const records = found.map((text) => ({ type: "TXT" as const, text }));
    return Promise.resolve({ kind: "ok", records, canonicalName: name, authenticated: false, ttl: 60 });
  };
  const asked: Op[] = [];
  const perform: typeof storage.perform = (op, args) => (asked.push(op), storage.perform(op, args));
  const options = { resolve, now: () => time.now, hostname: "mail.example.org", makeKey: onceMadeKey };
  const keys = new DkimKeys({ ...options, storage: { perform } });
  const publish = async () => {
    for (const { name, record } of await keys.list("example.org")) txt.set(name, [record]);
  };
  const states = async () => (await keys.list("example.org")).map(({ selector, state }) => `${selector} ${state}`);
  const signing = async () => (await keys.signing("example.org")).map(({ selector }) => selector);
  return { storage, keys, txt, time, asked, publish, states, signing, other: new DkimKeys({ ...options, storage }) };
}

Deno.test("DkimKeys: a domain that never had keys begins with two that sign", async () => {
  const { keys, states, signing } = await world();
  assert.deepEqual(await signing(), []);
  await keys.begin("example.org");
  assert.deepEqual(await states(), ["rsa-20261124 active", "ed25519-20261124 active"]);
  assert.deepEqual(await signing(), ["rsa-20261124", "ed25519-20261124"]);
  await keys.begin("example.org");
  assert.equal((await states()).length, 2);
});

Deno.test("DkimKeys: new keys wait for their records, then they sign and the old ones retire", async () => {
  const { keys, txt, time, publish, states, signing } = await world();
  await keys.begin("example.org");
  time.now += 90 * DAY;
  const rotated = await keys.rotate("example.org");
  assert.ok(!("refused" in rotated));
  assert.deepEqual(rotated.map(({ state }) => state), ["active", "active", "waiting", "waiting"]);
  assert.deepEqual(await signing(), ["rsa-20261124", "ed25519-20261124"]);

  const again = await keys.rotate("example.org");
  assert.equal("refused" in again && again.refused, "exists");
  const early = await keys.activate("example.org", false);
  assert.ok(!("refused" in early));
  assert.deepEqual([early.activated, early.lookups.map(({ status }) => status)], [[], ["missing", "missing"]]);
  assert.match(
    early.lookups[0]!.detail,
    /^rsa-20270222\._domainkey\.example\.org does not exist; publish it with: v=DKIM1; k=rsa; p=MII/,
  );

  await publish();
  txt.delete("rsa-20270222._domainkey.example.org"); // one of two is not enough
  const half = await keys.activate("example.org", false);
  assert.deepEqual("refused" in half ? half : half.activated, []);

  await publish();
  const done = await keys.activate("example.org", false);
  assert.deepEqual("refused" in done ? done : done.activated, ["rsa-20270222", "ed25519-20270222"]);
  assert.deepEqual(await states(), [
    "rsa-20261124 retired",
    "ed25519-20261124 retired",
    "rsa-20270222 active",
    "ed25519-20270222 active",
  ]);
  assert.deepEqual(await signing(), ["rsa-20270222", "ed25519-20270222"]);
});

const WRONG: readonly (readonly [what: string, record: (right: string) => readonly string[] | "fail", RegExp])[] = [
  ["another key", (right) => [right.replace(/p=.{8}/, "p=MCowBQYD")], /(holds another key|cannot be used)/],
  ["a revoked key", () => ["v=DKIM1; p="], /cannot be used, because the key is revoked; it should be: v=DKIM1/],
  ["no key at all", () => ["v=spf1 -all"], /holds something that is no DKIM key/],
  ["two records", (right) => [right, "v=spf1 -all"], /has 2 TXT records; leave only:/],
  ["a DNS that does not answer", () => "fail", /cannot be looked up now: timeout/],
];

for (const [what, record, detail] of WRONG) {
  Deno.test(`DkimKeys: ${what} activates nothing, unless it is forced`, async () => {
    const { keys, txt, publish, signing } = await world();
    await keys.rotate("example.org");
    await publish();
    const { name, record: right } = (await keys.list("example.org"))[1]!;
    txt.set(name, record(right));
    const tried = await keys.activate("example.org", false);
    assert.ok(!("refused" in tried));
    assert.deepEqual(tried.activated, []);
    assert.match(tried.lookups[1]!.detail, detail);
    assert.deepEqual(await signing(), []);
    const forced = await keys.activate("example.org", true);
    assert.equal("refused" in forced ? forced : forced.activated.length, 2);
    assert.equal((await signing()).length, 2);
  });
}

Deno.test("DkimKeys: white space that a zone adds in p= is no difference", async () => {
  const { keys, txt, publish } = await world();
  await keys.rotate("example.org");
  await publish();
  for (const [name, [record = ""]] of txt as Map<string, readonly string[]>) {
    txt.set(name, [record.replace(/(p=.{9})/, "$1 ").replace("; ", ";")]);
  }
  const done = await keys.activate("example.org", false);
  assert.equal("refused" in done ? done : done.activated.length, 2);
});

Deno.test("DkimKeys: a selector is never used again, not even on the same day", async () => {
  const { keys, states } = await world();
  await keys.rotate("example.org");
  await keys.remove("example.org", "rsa-20261124", false);
  await keys.remove("example.org", "ed25519-20261124", false);
  assert.deepEqual(await states(), []);
  await keys.rotate("example.org");
  assert.deepEqual(await states(), ["rsa-20261124-2 waiting", "ed25519-20261124-2 waiting"]);
});

Deno.test("DkimKeys: a key that signs is removed only by force", async () => {
  const { keys, signing } = await world();
  await keys.begin("example.org");
  const refused = await keys.remove("example.org", "rsa-20261124", false);
  assert.equal("refused" in refused && refused.refused, "inUse");
  assert.deepEqual(await keys.remove("example.org", "rsa-20261124", true), { removed: true });
  assert.deepEqual(await signing(), ["ed25519-20261124"]);
  const unknown = await keys.remove("example.org", "rsa-20261124", true);
  assert.equal("refused" in unknown && unknown.refused, "notFound");
});

Deno.test("DkimKeys: only a domain of ours and the server's own name get keys, and not without end", async () => {
  const { keys, time } = await world();
  const foreign = await keys.rotate("example.net");
  assert.equal("refused" in foreign && foreign.refused, "notFound");
  assert.ok(!("refused" in await keys.rotate("mail.example.org")));
  for (let n = 0; n < 16; n++) {
    assert.ok(!("refused" in await keys.rotate("example.org")), `${n}`);
    await keys.activate("example.org", true);
    time.now += DAY;
  }
  const full = await keys.rotate("example.org");
  assert.match("refused" in full ? full.text : "", /too many keys/);
});

Deno.test("DkimKeys: two who change at once lose nothing, and what another process did is seen after a minute", async () => {
  const { keys, other, time, signing, states } = await world();
  await Promise.all([keys.begin("example.org"), other.begin("example.org")]);
  assert.equal((await states()).length, 2);
  assert.equal((await signing()).length, 2);
  await other.remove("example.org", "rsa-20261124", true);
  assert.equal((await signing()).length, 2);
  time.now += 61_000;
  assert.deepEqual(await signing(), ["ed25519-20261124"]);
});

Deno.test("DkimKeys: keys in use are read from the store once a minute", async () => {
  const { keys, asked, signing } = await world();
  await keys.begin("example.org");
  asked.length = 0;
  for (let n = 0; n < 5; n++) await signing();
  assert.deepEqual(asked, ["setting.get"]);
});

Deno.test("DkimKeys: nothing that is shown or thrown holds a private key", async () => {
  const { storage, keys } = await world();
  await keys.begin("example.org");
  const value = await storage.perform("setting.get", { name: "dkim.example.org" });
  const secrets = [...value!.matchAll(/BEGIN PRIVATE KEY-----\\n([^\\]+)/g)].map(([, secret]) => secret!);
  assert.equal(secrets.length, 2);
  const activated = await keys.activate("example.org", true);
  const shown = JSON.stringify([await keys.list("example.org"), activated, await keys.signing("example.org")]) +
    Deno.inspect(await keys.signing("example.org"), { depth: 9 });
  for (const broken of [value!.slice(0, -3), value!.replace('"active"', '"lively"'), "[]", "null"]) {
    const before = await storage.perform("setting.get", { name: "dkim.example.org" });
    await storage.perform("setting.change", { name: "dkim.example.org", before, value: broken });
    await assert.rejects(keys.list("example.org"), (error: Error) => {
      assert.match(error.message, /^the stored DKIM keys of example\.org are damaged at: /);
      return secrets.every((secret) => !`${error.message}${error.stack}`.includes(secret));
    });
  }
  assert.ok(secrets.every((secret) => !shown.includes(secret)));
  await keys.forget("example.org");
  assert.equal(await storage.perform("setting.get", { name: "dkim.example.org" }), null);
});

Deno.test("activateKeys() activates what is published, says what is missing, and never rejects", async () => {
  const { keys, publish, signing } = await world();
  const logger = memoryLogger();
  await activateKeys(keys, logger);
  assert.deepEqual(logger.lines.length, 0);
  await keys.rotate("example.org");
  await activateKeys(keys, logger);
  assert.equal(logger.lines.at(-1)?.event, "dkim.waiting");
  assert.deepEqual(await signing(), []);
  await publish();
  await activateKeys(keys, logger);
  assert.equal(logger.lines.at(-1)?.event, "dkim.activated");
  assert.equal((await signing()).length, 2);
  await activateKeys({ activateWaiting: () => Promise.reject(new Error("broken")) }, logger);
  assert.equal(logger.lines.at(-1)?.event, "dkim.failed");
});
