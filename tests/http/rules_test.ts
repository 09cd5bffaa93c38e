import assert from "node:assert/strict";
import { testAdmin } from "./admin_over_memory.ts";

const API = "/api/v1";
const PATH = `${API}/accounts/alice@example.org/rules`;
const NEWS = {
  name: "News",
  conditions: [{ test: "list", match: "is", values: ["news.example.org"] }],
  actions: [{ do: "move", mailbox: "News" }],
};

async function withAlice() {
  const { ask } = testAdmin();
  await ask("POST", `${API}/domains`, { name: "example.org" });
  await ask("POST", `${API}/accounts`, { address: "alice@example.org", password: "correct horse" });
  return ask;
}

Deno.test("/accounts/{address}/rules keeps rules as a script and gives them back", async () => {
  const ask = await withAlice();
  assert.deepEqual((await ask("GET", PATH)).json, { script: "rules", active: false, rules: [] });
  const put = await ask("PUT", PATH, { rules: [NEWS, { sieve: "# mine\nkeep;" }], active: true });
  assert.equal(put.status, 200);
  assert.deepEqual(put.json, {
    script: "rules",
    active: true,
    rules: [
      {
        name: "News",
        enabled: true,
        match: "all",
        conditions: [{ test: "list", match: "is", values: ["news.example.org"], not: false }],
        actions: [{ do: "move", mailbox: "News", create: false }],
      },
      { name: "", sieve: "# mine\nkeep;", requires: [] },
    ],
  });
  assert.deepEqual((await ask("GET", PATH)).json, put.json);
  const script = await ask("GET", `${API}/accounts/alice@example.org/sieve/rules`);
  assert.match(script.json.content, /^require \["fileinto"\];\n# rule:\[News\]\nif header/);
  assert.equal((await ask("PUT", PATH, { rules: [] })).json.active, true);
  assert.equal((await ask("PUT", PATH, { rules: [], active: false })).json.active, false);
  assert.equal((await ask("GET", PATH)).json.active, false);
});

Deno.test("/accounts/{address}/rules reads scripts that others made", async () => {
  const ask = await withAlice();
  const content = "# rule:[Big]\r\nif size :over 1M\r\n{\r\n\tdiscard;\r\n}\r\n";
  await ask("PUT", `${API}/accounts/alice@example.org/sieve/roundcube`, { content });
  const { json } = await ask("GET", `${PATH}?script=roundcube`);
  assert.deepEqual(json.rules, [{
    name: "Big",
    enabled: true,
    match: "all",
    conditions: [{ test: "size", over: true, octets: 1 << 20, not: false }],
    actions: [{ do: "discard" }],
  }]);
});

Deno.test("/accounts/{address}/rules refuses what is wrong, with its place, and changes nothing", async () => {
  const ask = await withAlice();
  await ask("PUT", PATH, { rules: [NEWS] });
  for (
    const [rule, path] of [
      [{ ...NEWS, actions: [{ do: "move", mailbox: "a\nb" }] }, "rules.1.actions.0.mailbox"],
      [{ ...NEWS, name: "x]\ndiscard;" }, "rules.1.name"],
      [{ ...NEWS, actions: [] }, "rules.1.actions"],
      [{ sieve: "}" }, "rules.1.sieve"],
      [{ ...NEWS, sieve: "keep;" }, "rules.1.sieve"],
      [{ actions: [{ do: "reject", text: "no" }, { do: "keep" }] }, "rules.1.actions"],
    ] as const
  ) {
    const { status, json } = await ask("PUT", PATH, { rules: [NEWS, rule] });
    assert.deepEqual([status, json.code, json.errors[0].path], [422, "rules", path]);
  }
  assert.notEqual((await ask("PUT", PATH, { rules: [{ actions: [{ do: "explode" }] }] })).status, 200);
  assert.equal((await ask("GET", PATH)).json.rules.length, 1);
  assert.equal((await ask("GET", `${API}/accounts/bob@example.org/rules`)).status, 404);
});
