/** Scripts of the server and of its domains that are in the store. */
import assert from "node:assert/strict";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { ServerScripts } from "../../../src/server/server_scripts.ts";
import { testServer } from "../../../src/server/test_server.ts";
import { activate, subjects, why } from "./house.ts";
import { testFilters } from "./filters.ts";

const ALICE = "alice@example.test";
const PATH = "/api/v1/sieve";
const file = (mailbox: string) => `require ["fileinto", "mailbox", "copy"];\nfileinto :copy :create "${mailbox}";\n`;

Deno.test("scripts of the server and of a domain run around the account's from the next message on", async () => {
  await using server = await testServer();
  const put = async (place: string, name: string, content: string) => {
    const answer = await server.admin("PUT", `${PATH}/${place}/${name}`, { content });
    assert.equal(answer.status, 200, await answer.text());
  };
  await put("before", "20-second", 'require "include";\ninclude :global "shared";\n');
  await put("before", "10-first", file("First"));
  await put("global", "shared", file("Shared"));
  await put("example.test", "site", file("Site"));
  await put("after", "last", 'if header :is "subject" "gone" { discard; }\n');
  await activate(server, ALICE, file("Mine"));
  const trace = await server.deliver("Subject: one\n\nx", ALICE);
  for (const mailbox of ["First", "Shared", "Site", "Mine", "INBOX"]) {
    assert.deepEqual(await subjects(server, ALICE, mailbox), ["one"], mailbox);
  }
  const told = await why(server, trace);
  const places = ["before/10-first", "example.test/site", "main"].map((name) => told.indexOf(`${name}, line 2`));
  assert.deepEqual(places, places.toSorted((a, b) => a - b), told);
  assert(!places.includes(-1), told);
  const list = await (await server.admin("GET", PATH)).json();
  assert.deepEqual(list.scripts.map(({ place, name }: { place: string; name: string }) => `${place}/${name}`), [
    "example.test/site",
    "after/last",
    "before/10-first",
    "before/20-second",
    "global/shared",
  ]);
  assert.equal((await server.admin("DELETE", `${PATH}/before/10-first`)).status, 204);
  await server.deliver("Subject: two\n\nx", ALICE);
  assert.deepEqual(await subjects(server, ALICE, "First"), ["one"]);
  await server.deliver("Subject: gone\n\nx", ALICE);
  assert.deepEqual(await subjects(server, ALICE), ["one", "two"]);
});

Deno.test("/sieve refuses what cannot run, what has changed, and places that are none", async () => {
  await using server = await testServer();
  const ask = async (method: string, path: string, content?: string, headers?: Record<string, string>) => {
    const answer = await server.admin(
      method,
      `${PATH}/${path}`,
      content === undefined ? undefined : { content },
      headers,
    );
    await answer.body?.cancel();
    return answer;
  };
  const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).status;
  assert.equal(await status("PUT", "before/a", "frob;"), 422);
  assert.equal(await status("PUT", "before/a.ts", "export default () => []"), 422, "they are off");
  assert.equal(await status("PUT", "global/a.ts", "export default () => []"), 422);
  assert.equal(await status("PUT", "before/a%2Fb", "keep;"), 422);
  assert.equal(await status("PUT", "before/a b", "keep;"), 422);
  assert.equal(await status("PUT", "elsewhere.test/a", "keep;"), 404);
  assert.equal(await status("PUT", "before/big", `# ${"x".repeat(600_000)}\n`), 422);
  assert.equal(await status("GET", "before/a"), 404);
  assert.equal(await status("DELETE", "before/a"), 404);
  const made = await ask("PUT", "before/a", "keep;", { "if-none-match": "*" });
  const etag = made.headers.get("etag")!;
  assert.equal(made.status, 200);
  assert.equal(await status("PUT", "before/a", "stop;", { "if-none-match": "*" }), 412);
  assert.equal(await status("PUT", "before/a", "stop;", { "if-match": etag }), 200);
  assert.equal(await status("PUT", "before/a", "keep;", { "if-match": etag }), 412);
  assert.equal(await status("DELETE", "before/a", undefined, { "if-match": etag }), 412);
  const now = (await ask("GET", "before/a")).headers.get("etag")!;
  assert.equal(await status("DELETE", "before/a", undefined, { "if-match": now }), 204);
});

Deno.test("ServerScripts sees what another server changes, and goes with its domain", async () => {
  const storage = memoryStorage();
  const told: string[] = [];
  const parts = {
    storage,
    filter: testFilters(),
    now: () => 1_000,
    log: ({ event }: { event: string }) => void told.push(event),
  };
  const [one, two] = [new ServerScripts(parts), new ServerScripts(parts)];
  await storage.perform("domain.add", { name: "example.org", now: 1_000 });
  const names = (place: "before" | "after") => two.policy[place].map(({ name }) => name);
  await one.put("before", "a", "keep;");
  await one.put("example.org", "d", "keep;");
  assert.deepEqual(names("before"), []);
  await two.load();
  assert.deepEqual(names("before"), ["before/a"]);
  assert.deepEqual(two.policy.domains.get("example.org")?.map(({ name }) => name), ["example.org/d"]);
  await Promise.all(Array.from({ length: 5 }, (_, i) => one.put("after", `s${i}`, "keep;")));
  await two.load();
  assert.deepEqual(names("after"), ["after/s0", "after/s1", "after/s2", "after/s3", "after/s4"]);
  await one.forget("example.org");
  await two.load();
  assert.equal(two.policy.domains.get("example.org"), undefined);
  // What was right when it was put need not stay so.
  const put = { kind: "script", now: 1_000 } as const;
  await storage.perform("record.put", { ...put, key: "before/wrong", value: JSON.stringify({ content: "frob;" }) });
  await storage.perform("record.put", { ...put, key: "!changed", value: "{}" });
  await two.load();
  assert.deepEqual(names("before"), ["before/a"]);
  assert.deepEqual(told, ["sieve.serverScript"]);
  assert.match((await two.list()).find(({ name }) => name === "wrong")?.problem ?? "", /frob/);
});

Deno.test("ServerScripts has a hundred in each place", async () => {
  const scripts = new ServerScripts({
    storage: memoryStorage(),
    filter: testFilters(),
    now: () => 1_000,
    log: () => {},
  });
  for (let i = 0; i < 100; i++) assert(!("refused" in await scripts.put("after", `s${i}`, "keep;")));
  assert.deepEqual(await scripts.put("after", "more", "keep;"), { refused: "tooMany" });
  assert(!("refused" in await scripts.put("after", "s7", "stop;")));
});
