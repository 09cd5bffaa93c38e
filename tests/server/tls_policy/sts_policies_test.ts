/** What is remembered of MTA-STS policies, and for how long. */
import assert from "node:assert/strict";
import type { DnsAnswer } from "../../../src/contract/mod.ts";
import type { StsPolicy } from "../../../src/mailauth/mod.ts";
import { runProgram } from "../../../src/server/run_program.ts";
import { StsPolicies } from "../../../src/server/tls_policy/sts_policies.ts";
import { readStored, writeStored } from "../../../src/server/tls_policy/stored_policies.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import type { Storage } from "../../../src/storage/storage.ts";

const MINUTE = 60_000;
const ENFORCE: StsPolicy = { mode: "enforce", mx: ["mx.there.example"], maxAge: 86_400 };

interface World {
  readonly policies: StsPolicies;
  readonly storage: Storage;
  now: number;
  /** The id in the DNS, null: no record; `fails`: the DNS does not answer. */
  id: string | null | "fails";
  published: StsPolicy | null;
  fetches: number;
  readonly failed: string[];
}

function world(storage: Storage = memoryStorage()): World {
  const answer = (): DnsAnswer =>
    self.id === "fails"
      ? { kind: "tempfail", reason: "test" }
      : self.id === null
      ? { kind: "nxdomain", authenticated: false, ttl: 1 }
      : {
        kind: "ok",
        records: [{ type: "TXT", text: `v=STSv1; id=${self.id};` }],
        canonicalName: "x",
        authenticated: false,
        ttl: 1,
      };
  const self: World = {
    storage,
    now: 1_000_000,
    id: "one",
    published: ENFORCE,
    fetches: 0,
    failed: [],
    policies: new StsPolicies({
      storage,
      run: (program) => runProgram(program, () => answer() as never, () => {}),
      now: () => self.now,
      log: () => {},
      fetchPolicy: async () => {
        self.fetches++;
        await Promise.resolve();
        return self.published ?? { failed: "sts-policy-fetch-error" };
      },
      failed: (domain, type) => void self.failed.push(`${domain} ${type}`),
    }),
  };
  return self;
}

const mode = async (w: World, domain = "there.example") => (await w.policies.policyOf(domain))?.mode ?? null;

Deno.test("StsPolicies fetches once for many who ask, and refreshes daily", async () => {
  const w = world();
  assert.deepEqual(new Set(await Promise.all([mode(w), mode(w), mode(w)])), new Set(["enforce"]));
  assert.equal(w.fetches, 1);
  w.now += 13 * 60 * MINUTE; // more than half of max_age
  assert.equal(await mode(w), "enforce");
  await w.policies.settled();
  assert.equal(w.fetches, 2);
});

Deno.test("StsPolicies keeps a policy when DNS or HTTPS fail, until it expires", async () => {
  const w = world();
  await mode(w);
  w.published = null;
  for (const id of ["fails", null, "two"]) {
    w.id = id;
    w.now += 2 * MINUTE;
    assert.equal(await mode(w), "enforce");
  }
  assert.deepEqual(w.failed, ["there.example sts-policy-fetch-error"]);
  w.id = null;
  w.now += 86_400_000;
  assert.equal(await mode(w), null);
});

Deno.test("StsPolicies is not hurried by an id that is new each time", async () => {
  const w = world();
  for (let i = 0; i < 100; i++) {
    w.id = `id${i}`;
    w.now += 1000;
    assert.equal(await mode(w), "enforce");
  }
  assert.equal(w.fetches, 2); // a minute and a bit
});

Deno.test("StsPolicies survives a restart; a policy that ends takes its row along", async () => {
  const before = world();
  await mode(before);
  await before.policies.settled();
  const after = world(before.storage);
  after.id = "fails";
  assert.equal(await mode(after), "enforce");
  assert.equal(after.fetches, 0);
  after.id = "two";
  after.published = { ...ENFORCE, mode: "none", mx: [] };
  assert.equal(await mode(after), "none");
  await after.policies.settled();
  const name = "mta-sts there.example";
  assert.equal(await after.storage.perform("setting.get", { name }), null);
  assert.equal(await after.storage.perform("setting.get", { name: "mta-sts" }), "[]");
});

Deno.test("StsPolicies stores a bounded number of policies", async () => {
  const w = world();
  const settings = new Map<string, string>();
  const stored = {
    perform: (op: string, { name, value }: { name: string; value?: string | null }) => {
      if (op === "setting.get") return Promise.resolve(settings.get(name) ?? null);
      if (value === null) settings.delete(name);
      else settings.set(name, value!);
      return Promise.resolve({ changed: true });
    },
  } as unknown as Storage;
  const many = world(stored);
  for (let i = 0; i < 1010; i++) await mode(many, `d${i}.example`);
  await many.policies.settled();
  assert.equal(settings.size, 1001);
  assert.ok(!settings.has("mta-sts d9.example") && settings.has("mta-sts d10.example"));
  await w.storage.close();
});

Deno.test("readStored() reads what writeStored() wrote, and nothing else", () => {
  const known = { id: "one", policy: { ...ENFORCE, mx: ["*.a.example", "b.example"] }, fetchedAt: 12 };
  assert.deepEqual(readStored(writeStored(known)), known);
  for (
    const text of [
      null,
      "",
      "{",
      "null",
      "[]",
      "1",
      '{"id":1}',
      '{"id":"a","fetchedAt":1,"file":"x"}',
      '{"__proto__":1}',
    ]
  ) {
    assert.equal(readStored(text), null);
  }
  const mx = Array.from({ length: 1000 }, (_, i) => `host-number-${i}.of-a-long-name.example`);
  assert.equal(writeStored({ ...known, policy: { ...ENFORCE, mx } }), null);
});

Deno.test("StsPolicies remembers no more octets than its bound, and forgets who was asked for first", async () => {
  const w = world();
  const mx = Array.from({ length: 1000 }, (_, i) => `host-${i}.${"a-long-label.".repeat(12)}there.example`);
  w.published = { ...ENFORCE, mx };
  for (let i = 0; i < 60; i++) await mode(w, `d${i}.example`);
  assert.equal(w.fetches, 60);
  assert.equal(await mode(w, "d59.example"), "enforce");
  assert.equal(w.fetches, 60);
  assert.equal(await mode(w, "d0.example"), "enforce"); // 60 times 190 KB are more than 8 MB
  assert.equal(w.fetches, 61);
});
