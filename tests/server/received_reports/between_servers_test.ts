import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";

const txt = (text: string) => [{ type: "TXT", text }] as const;
/** Each reads reports at the address that is offered; both send from the test's address. */
const ZONES = Object.fromEntries(["a.test", "b.test"].flatMap((name) => [
  [name, { TXT: txt("v=spf1 ip4:192.0.2.1 -all") }],
  [`_dmarc.${name}`, {
    TXT: txt(`v=DMARC1; p=none; rua=mailto:dmarc-reports@${name}; ruf=mailto:dmarc-reports@${name}`),
  }],
]));

function open(domain: string): Promise<TestServer> {
  return testServer({
    domain,
    dns: ZONES,
    config: {
      authentication: { trusted: [] },
      dmarcReports: { send: true, failures: true },
      readReports: true,
      outbound: { hold: true },
    },
  });
}

/** What waits at one is brought to the other, and is gone. */
async function carry(from: TestServer, to: TestServer): Promise<number> {
  const rows = await from.storage.perform("queue.list", { after: null, limit: 100 });
  for (const { blobId, size, sender, recipient } of rows) {
    await to.deliver(await from.storage.readBlob(blobId, 0, size), recipient.forwardPath, sender.reversePath);
  }
  await from.storage.perform("queue.change", { ids: null, change: "remove", now: from.clock.wall() });
  return rows.length;
}

Deno.test("two servers read each other's reports, and have nothing to report when nobody writes", async () => {
  await using a = await open("a.test");
  await using b = await open("b.test");
  await a.deliver("From: forger@b.test\nSubject: hello\n\nHi\n", "alice@a.test", "x@else.test");
  await a.deliver("From: ann@b.test\nSubject: hello\n\nHi\n", "alice@a.test", "ann@b.test");
  const carried: number[] = [];
  for (let day = 0; day < 3; day++) {
    for (const server of [a, b]) await server.clock.advance(24 * 3600_000);
    carried.push(await carry(a, b) + await carry(b, a));
  }
  // An aggregate report and one on the forger.
  assert.deepEqual(carried, [2, 0, 0]);
  const seen = await (await b.admin("GET", "/api/v1/domains/b.test/dmarc")).json();
  assert.deepEqual([seen.messages, seen.passed, seen.sources[0].spf], [2, 1, 1]);
  assert.deepEqual(
    seen.failures.map(({ source, failure, messages }: Record<string, unknown>) => [source, failure, messages]),
    [
      ["192.0.2.1", "dmarc", 1],
    ],
  );
  assert.deepEqual(seen.reporters.map(({ reporter }: { reporter: string }) => reporter), ["a.test"]);
});
