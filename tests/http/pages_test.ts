import assert from "node:assert/strict";
import { testAdmin } from "./admin_over_memory.ts";

const API = "/api/v1";

Deno.test("lists come in pages that link to the next one and bear changes between them", async () => {
  const { ask } = testAdmin();
  for (const name of ["c.example", "a.example", "b.example"]) await ask("POST", `${API}/domains`, { name });
  for (let i = 0; i < 7; i++) {
    await ask("POST", `${API}/accounts`, { address: `p${i}@a.example`, password: "x" });
    await ask("POST", `${API}/aliases`, { address: `q${i}@a.example`, targets: ["zoe@example.net"] });
    await ask("POST", `${API}/bans`, { network: `192.0.2.${i}` });
  }
  for (
    const [list, key, all] of [["domains", "name", 3], ["accounts", "address", 7], ["aliases", "address", 7], [
      "bans",
      "network",
      7,
    ]] as const
  ) {
    const found: string[] = [];
    let path: string | null = `${API}/${list}?limit=2`;
    while (path !== null) {
      const { json, headers } = await ask("GET", path);
      found.push(...json[list].map((one: Record<string, string>) => one[key]));
      const link = /^<([^>]+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1] ?? null;
      assert.equal(link === null, json.next === null);
      if (link !== null) assert.equal(new URL(link, "http://x").searchParams.get("after"), json.next);
      path = link;
    }
    assert.deepEqual(found, [...new Set(found)].sort(), list);
    assert.equal(found.length, all, list);
  }
  const page = await ask("GET", `${API}/accounts?limit=3`);
  await ask("DELETE", `${API}/accounts/p2@a.example`);
  await ask("DELETE", `${API}/accounts/p0@a.example`);
  await ask("POST", `${API}/accounts`, { address: "p1x@a.example", password: "x" });
  const rest = await ask("GET", `${API}/accounts?limit=3&after=${page.json.next}`);
  assert.deepEqual(
    rest.json.accounts.map(({ address }: { address: string }) => address),
    [3, 4, 5].map((i) => `p${i}@a.example`),
  );
  for (const wrong of ["limit=0", "limit=1001", "limit=x", `after=${"a".repeat(1025)}`]) {
    assert.equal((await ask("GET", `${API}/accounts?${wrong}`)).status, 422, wrong);
  }
});

Deno.test("PUT has a thing as it says, once or twice", async () => {
  const { ask, told } = testAdmin();
  const twice = async (path: string, body: unknown) => {
    const answers = [await ask("PUT", API + path, body), await ask("PUT", API + path, body)];
    assert.deepEqual(answers.map(({ status }) => status), [201, 200], path);
    assert.deepEqual(answers[0]!.json, answers[1]!.json);
    return answers[1]!.json;
  };
  assert.equal((await twice("/domains/example.org", {})).catchAll, null);
  const alice = { password: "x", name: "Alice", quota: { bytes: 5, messages: null } };
  assert.equal((await twice("/accounts/alice@example.org", alice)).name, "Alice");
  told.length = 0;
  const kept = await ask("PUT", `${API}/accounts/alice@example.org`, { name: "A" });
  assert.deepEqual([kept.json.name, kept.json.quota.bytes, told], ["A", null, []]);
  assert.equal((await ask("PUT", `${API}/accounts/bob@example.org`, {})).json.errors[0].path, "password");
  assert.equal((await ask("PUT", `${API}/accounts/x@else.example`, alice)).status, 409);
  await twice("/aliases/team@example.org", { targets: ["alice@example.org"] });
  const team = `${API}/aliases/team@example.org`;
  for (let i = 0; i < 2; i++) {
    assert.deepEqual((await ask("PUT", `${team}/targets/zoe@example.net`)).json.targets, [
      "alice@example.org",
      "zoe@example.net",
    ]);
  }
  for (let i = 0; i < 2; i++) {
    assert.deepEqual((await ask("DELETE", `${team}/targets/alice@example.org`)).json.targets, ["zoe@example.net"]);
  }
  assert.equal((await ask("DELETE", `${team}/targets/zoe@example.net`)).status, 422);
  const { headers, json } = await ask("GET", team);
  assert.deepEqual(json.targets, ["zoe@example.net"]);
  const none = { "if-none-match": "*" };
  assert.equal((await ask("PUT", team, { targets: ["a@example.net"] }, none)).status, 412);
  assert.equal((await ask("PUT", `${API}/aliases/new@example.org`, { targets: ["a@example.net"] }, none)).status, 201);
  assert.equal(
    (await ask("PUT", team, { targets: ["a@example.net"] }, { "if-match": headers.get("etag")! })).status,
    200,
  );
  assert.equal((await ask("PUT", `${API}/domains/example.org`, { catchAll: "none@example.org" })).status, 404);
});
