import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { parseAggregateReport } from "../../../mod.ts";
import { testServer } from "../../../src/server/test_server.ts";
import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { aggregateXml, gzip, reportMail } from "./reports.ts";

const HOUR = 3600_000;
const dns = {
  "_dmarc.outside.test": { TXT: [{ type: "TXT", text: "v=DMARC1; p=none; rua=mailto:d@outside.test" }] },
} as const;

Deno.test("over restarts on disk nothing is lost of what was counted and read, and nothing sent twice", async () => {
  const dataDir = await Deno.makeTempDir();
  const open = async (hours: number) => {
    const storage = await openSqlite({ dataDir });
    const config = { authentication: { trusted: [] }, dmarcReports: { send: true }, outbound: { hold: true } };
    const server = await testServer({ storage, dns, config });
    await server.clock.advance(hours * HOUR);
    return server;
  };
  try {
    for (let day = 0; day < 3; day++) {
      const server = await open(0);
      const from = "From: x@outside.test\nSubject: hello\n\nHi\n";
      for (let i = 0; i < 2; i++) await server.deliver(from, "alice@example.test");
      await server.stop();
    }
    const sent: string[] = [];
    for (const hours of [16, 17, 30]) {
      const server = await open(hours);
      for (const { blobId, size } of await server.storage.perform("queue.list", { after: null, limit: 10 })) {
        sent.push(new TextDecoder().decode(await server.storage.readBlob(blobId, 0, size)));
      }
      await server.stop();
    }
    assert.equal(new Set(sent).size, 1, "one report");
    const base64 = /application\/gzip[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)/.exec(sent[0]!)![1]!;
    const xml = gunzipSync(Uint8Array.from(atob(base64.replace(/\s/g, "")), (c) => c.charCodeAt(0))).toString();
    const report = parseAggregateReport(xml);
    assert(!("malformed" in report));
    assert.deepEqual(report.rows.map(({ count }) => count), [6]);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("a report that was accepted is known after a restart, and its copy changes nothing", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    for (let round = 0; round < 2; round++) {
      const server = await testServer({ storage: await openSqlite({ dataDir }), config: { readReports: true } });
      await server.deliver(reportMail(gzip(aggregateXml())), "dmarc-reports@example.test");
      const { messages } = await (await server.admin("GET", "/api/v1/domains/example.test/dmarc")).json();
      assert.equal(messages, 3);
      await server.stop();
    }
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
