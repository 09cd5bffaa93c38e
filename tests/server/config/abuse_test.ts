import assert from "node:assert/strict";
import { parseConfig } from "../../../mod.ts";

const BASE = { hostname: "mail.example.org", listeners: [{ protocol: "smtp", port: 25 }] } as const;
const parse = (more: Record<string, unknown>) => parseConfig({ ...BASE, ...more }, "/srv");

Deno.test("what is on by default stands in nobody's way: loopback is trusted, lists and checks are off", () => {
  const config = parse({});
  assert.ok("abuse" in config);
  const { abuse, milters } = config;
  assert.deepEqual(abuse.trusted, ["127.0.0.0/8", "::1"]);
  assert.deepEqual([abuse.lists, milters, abuse.clients.heloRefuse], [[], [], []]);
  assert.deepEqual([abuse.clients.earlyTalkers, abuse.greylisting.enabled], ["off", false]);
  assert.deepEqual([abuse.ban.failedLogins, abuse.ban.unknownRecipients, abuse.ban.protocolErrors], [20, null, null]);
});

Deno.test("lists, codes and milters are read; what does not fit is told with its place", () => {
  const right = parse({
    abuse: { lists: [{ name: "Zen.Example", codes: ["127.0.0.2-11"] }], account: { messagesPerHour: null } },
    milters: [{ port: 11332 }, { path: "run/milter.sock", onFailure: "accept" }],
  });
  assert.ok("abuse" in right, JSON.stringify(right));
  assert.equal(right.abuse.account.messagesPerHour, null);
  assert.equal(right.abuse.lists[0]?.codes.length, 1);
  assert.deepEqual(right.milters, [
    { host: "127.0.0.1", port: 11332, onFailure: "tempfail", timeout: 30_000 },
    { path: "/srv/run/milter.sock", onFailure: "accept", timeout: 30_000 },
  ]);
  const wrong: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ abuse: { lists: [{ name: "zen.example", codes: ["10.0.0.1"] }] } }, "abuse.lists[0].codes[0]"],
    [{ abuse: { lists: [{ name: "no zone at all" }] } }, "abuse.lists[0].name"],
    [{ abuse: { lists: Array(21).fill({ name: "zen.example" }) } }, "abuse.lists"],
    [{ abuse: { clients: { heloRefuse: ["everything"] } } }, "abuse.clients.heloRefuse[0]"],
    [{ abuse: { trusted: ["somewhere"] } }, "abuse.trusted[0]"],
    [{ abuse: { account: { messagesPerHour: 0 } } }, "abuse.account.messagesPerHour"],
    [{ abuse: { band: {} } }, "abuse.band"],
    [{ milters: [{}] }, "milters[0].port"],
    [{ milters: [{ path: "x", port: 1 }] }, "milters[0].path"],
    [{ milters: [{ host: "localhost", port: 1 }] }, "milters[0].host"],
  ];
  for (const [more, path] of wrong) {
    const problems = parse(more);
    assert.ok(Array.isArray(problems), path);
    assert.deepEqual(problems.map((one) => one.path), [path]);
  }
});
