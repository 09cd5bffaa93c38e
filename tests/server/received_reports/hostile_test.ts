import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { indexMessage } from "../../../mod.ts";
import { concatBytes, utf8Bytes } from "../../../src/base/bytes.ts";
import { BUDGET, ReportBudget } from "../../../src/server/received_reports/budget.ts";
import { FOLD_LIMITS, foldAggregate } from "../../../src/server/received_reports/dmarc_rows.ts";
import { reportParts } from "../../../src/server/received_reports/find_reports.ts";
import { ReportBook } from "../../../src/server/received_reports/report_book.ts";
import { STORED_LIMITS } from "../../../src/server/received_reports/stored_rows.ts";
import { UNPACK_LIMITS, unpackReport } from "../../../src/server/received_reports/unpack.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { testServer } from "../../../src/server/test_server.ts";
import { aggregateXml, gzip, reportMail, zip } from "./reports.ts";

const XML = aggregateXml();

Deno.test("unpackReport() takes what reporters really send", async () => {
  for (const packed of [utf8Bytes(XML), gzip(XML), zip(XML), zip(XML, { folder: true }), zip(XML, { method: 0 })]) {
    assert.equal(await unpackReport(packed), XML);
  }
  assert.equal(await unpackReport(zip(XML, { descriptor: true })), XML);
  assert.equal(await unpackReport(concatBytes([gzip(XML.slice(0, 50)), gzip(XML.slice(50))])), XML, "two members");
});

Deno.test("unpackReport() ends bombs early, whatever they claim", async () => {
  const bomb = new Uint8Array(25_000_000);
  for (const packed of [gzip(bomb), zip(bomb), zip(bomb, { descriptor: true })]) {
    assert.equal(await unpackReport(packed), null);
  }
  // Small, but 1000 times larger than it came.
  assert.equal(await unpackReport(gzip(new Uint8Array(1_000_000).fill(0x20))), null);
  // Many members that are small each.
  const member = gzip(new Uint8Array(200_000));
  assert.equal(await unpackReport(concatBytes(Array.from({ length: 2000 }, () => member))), null);
  assert.equal(await unpackReport(new Uint8Array(UNPACK_LIMITS.packed + 1)), null);
});

Deno.test("unpackReport() unpacks once", async () => {
  assert.equal(await unpackReport(gzip(gzip(XML))), null);
  assert.equal(await unpackReport(gzip(zip(XML))), null);
  assert.equal(await unpackReport(zip(zip(XML))), null);
});

Deno.test("unpackReport() has no use for what is cut off, encrypted or made of folders", async () => {
  assert.equal(await unpackReport(gzip(XML).subarray(0, -20)), null);
  assert.equal(await unpackReport(zip(XML).subarray(0, 60)), null);
  const encrypted = zip(XML);
  encrypted[6] = 1;
  assert.equal(await unpackReport(encrypted), null);
  const method = zip(XML);
  method[8] = 99;
  assert.equal(await unpackReport(method), null);
  const folder = zip(XML, { folder: true }).subarray(0, 39);
  assert.equal(await unpackReport(concatBytes(Array.from({ length: 10_000 }, () => folder))), null);
  const far = zip(XML, { folder: true });
  far.set([0xff, 0xff, 0xff, 0xff], 18);
  assert.equal(await unpackReport(far), null);
  const stored = zip(XML, { method: 0 });
  stored.set([0xff, 0xff, 0xff, 0x7f], 18);
  assert.equal(await unpackReport(stored), null);
});

Deno.test("unpackReport() of anything is a text or nothing", async () => {
  const start = fc.constantFrom([0x1f, 0x8b, 8, 0], [0x50, 0x4b, 3, 4], [0x3c, 0], [0xff, 0xfe], []);
  await fc.assert(
    fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (head, rest) => {
      const text = await unpackReport(concatBytes([new Uint8Array(head), rest]));
      assert(text === null || typeof text === "string");
    }),
    { numRuns: 300 },
  );
});

Deno.test("unpackReport() reads the encoding that a document has, or says", async () => {
  const said = (name: string) => `<?xml version="1.0" encoding="${name}"?><feedback>ü</feedback>`;
  const utf16 = (text: string, little: boolean) => {
    const view = new DataView(new ArrayBuffer(text.length * 2));
    for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), little);
    return new Uint8Array(view.buffer);
  };
  const latin1 = Uint8Array.from(said("ISO-8859-1"), (char) => char.charCodeAt(0));
  const table: [Uint8Array, string][] = [
    [utf8Bytes(said("UTF-8")), "utf8"],
    [latin1, "latin1"],
    [utf16("\ufeff" + said("UTF-16"), true), "little with mark"],
    [utf16("\ufeff" + said("UTF-16"), false), "big with mark"],
    [utf16(said("utf-16"), true), "little"],
    [utf16(said("utf-16"), false), "big"],
    [utf8Bytes(said("UTF-16")), "a lie"],
    [utf8Bytes(said("no-such-thing")), "unknown"],
  ];
  for (const [bytes, name] of table) {
    assert.match(await unpackReport(gzip(bytes)) ?? "", /<feedback>ü<\/feedback>$/, name);
  }
});

Deno.test("foldAggregate() gives way to others, and holds no more for many rows than for a few", async () => {
  const row = XML.slice(XML.indexOf("<record>"), XML.indexOf("</feedback>")).replace(/>\s+</g, "><");
  const [head] = XML.split("<record>");
  const short = row.replace(/<auth_results>.*<\/auth_results>/, "").replace(/<reason>.*<\/reason>/g, "");
  const rows = 10_000;
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const fold = await foldAggregate(`${head}${short.repeat(rows)}</feedback>`);
  clearInterval(timer);
  assert(!("malformed" in fold));
  assert.deepEqual([fold.rows.length, fold.rows[0]!.count], [1, 3 * rows]);
  assert(turns > 10, String(turns));
});

Deno.test("foldAggregate() keeps the largest kinds, and of the rest only how it ended", async () => {
  const rows = Array.from({ length: 800 }, (_, i) => ({ sourceIp: `2001:db8::${i.toString(16)}`, count: i + 1 }));
  const fold = await foldAggregate(
    aggregateXml({ rows: [...rows, { sourceIp: "192.0.2.9", count: 0, dkim: "pass" }] }),
  );
  assert(!("malformed" in fold));
  assert.equal(fold.rows.length, FOLD_LIMITS.rows + 2);
  assert.equal(fold.rows[0]!.count, 800);
  const others = fold.rows.filter(({ source }) => source === "others");
  assert.deepEqual(others.map(({ count, dkim }) => [count, dkim]), [[300 * 301 / 2, false], [0, true]]);
});

Deno.test("foldAggregate() refuses documents that are no report, whatever came before", async () => {
  const bomb = `<!DOCTYPE x [<!ENTITY a "${"a".repeat(1000)}"><!ENTITY b "&a;&a;&a;">]>`;
  for (
    const [xml, malformed] of [
      [bomb + XML, "doctype"],
      [XML.replace("Reporter Inc.", "&b;"), "entity"],
      ["<feedback>" + "<a>".repeat(100_000), "depth"],
      ["<feedback><record>" + "<a/>".repeat(1_000_000), "size"],
      [XML.replace("</feedback>", ""), "syntax"],
      ["PK", "syntax"],
      ["", "syntax"],
    ] as const
  ) {
    const fold = await foldAggregate(xml);
    assert("malformed" in fold && fold.malformed === malformed, `${malformed}: ${JSON.stringify(fold).slice(0, 80)}`);
  }
});

Deno.test("ReportBook keeps room for every reporter, however much one of them tells", async () => {
  const now = Date.UTC(2026, 0, 1, 12);
  const book = new ReportBook(memoryStorage(), () => now);
  const add = async (reporter: string, id: string, addresses: number) => {
    const rows = Array.from({ length: addresses }, (_, i) => ({ sourceIp: `2001:db8::${id}:${i.toString(16)}` }));
    const fold = await foldAggregate(aggregateXml({ id, rows }));
    assert(!("malformed" in fold));
    return await book.addDmarc("example.test", fold, reporter);
  };
  assert.equal(await add("honest.test", "a", 3), "added");
  for (let i = 0; i < 8; i++) await add("loud.test", i.toString(16), 500);
  const { sources, reporters } = await book.dmarc("example.test", 30);
  const of = (who: string) => sources.filter(({ reporters }) => reporters[0] === who).length;
  assert.deepEqual([of("honest.test"), of("loud.test")], [3, STORED_LIMITS.rows - 3]);
  assert.equal(reporters.length, 2);
  assert.equal(await add("honest.test", "a", 3), "known");
});

Deno.test("ReportBook takes so many reports of one reporter a day, and starts afresh where the store is damaged", async () => {
  const now = Date.UTC(2026, 0, 1, 12);
  const storage = memoryStorage();
  const book = new ReportBook(storage, () => now);
  const fold = await foldAggregate(XML);
  assert(!("malformed" in fold));
  const add = (id: number) =>
    book.addDmarc("example.test", { ...fold, metadata: { ...fold.metadata, reportId: String(id) } }, "r.test");
  for (let id = 0; id < STORED_LIMITS.ofDay; id++) assert.equal(await add(id), "added");
  assert.equal(await add(-1), "tooMany");
  const name = "reports.dmarc.example.test";
  const before = await storage.perform("setting.get", { name });
  await storage.perform("setting.change", { name, before, value: '{"reports":[{}]' });
  assert.equal((await book.dmarc("example.test", 30)).messages, 0);
  assert.equal(await add(-1), "added");
  await book.forget("example.test");
  assert.equal(await storage.perform("setting.get", { name }), null);
});

Deno.test("reportParts() looks at a few parts, and into no message", () => {
  const part = (type: string, name = "") => `--b\r\nContent-Type: ${type}; name="${name}"\r\n\r\nx\r\n`;
  const index = (parts: readonly string[]) =>
    indexMessage(utf8Bytes(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts.join("")}--b--\r\n`));
  const found = (...parts: string[]) => reportParts(index(parts).root).map(({ type, subtype }) => `${type}/${subtype}`);
  assert.deepEqual(found(part("text/plain"), part("application/zip"), part("image/png")), ["application/zip"]);
  assert.deepEqual(found(part("application/octet-stream", "a!b!1!2.XML.GZ")), ["application/octet-stream"]);
  assert.deepEqual(found(part("application/octet-stream", "a.exe"), part("text/plain", "a.txt")), []);
  assert.equal(found(...Array.from({ length: 50 }, () => part("application/gzip"))).length, 5);
  const inside = `--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: application/gzip\r\n\r\nx\r\n`;
  assert.deepEqual(found(inside), []);
  const root = indexMessage(utf8Bytes("Content-Type: application/zip\r\n\r\nx\r\n")).root;
  assert.equal(reportParts(root).length, 1);
});

Deno.test("a gzip of many rows is read whole", async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => ({ sourceIp: `10.0.${i >> 8}.${i & 255}` }));
  const text = await unpackReport(new Uint8Array(gzipSync(utf8Bytes(aggregateXml({ rows })))));
  const fold = await foldAggregate(text!);
  assert(!("malformed" in fold));
  assert.equal(fold.rows.reduce((sum, { count }) => sum + count, 0), 9000);
});

Deno.test("ReportBudget lets an author make so much work an hour, and all of them together", () => {
  const budget = new ReportBudget();
  assert(budget.allows("a.test", 0));
  budget.spend("a.test", BUDGET.author);
  assert(!budget.allows("a.test", 1) && budget.allows("b.test", 1));
  assert(budget.allows("a.test", 3600_000));
  for (let i = 0; i * BUDGET.author < BUDGET.all; i++) budget.spend(`${i}.test`, BUDGET.author);
  assert(!budget.allows("c.test", 3600_001) && budget.allows("c.test", 7200_000));
  for (let i = 0; i < BUDGET.authors; i++) budget.spend(`${i}.test`, 1);
  assert(!budget.allows("new.test", 7200_001) && budget.allows("1.test", 7200_001));
});

Deno.test("an author whose reports are bombs is told to come later, and others are not", async () => {
  await using server = await testServer({ config: { readReports: true } });
  const bomb = reportMail(gzip(new Uint8Array(5_000_000)), { from: "x@bombs.test" });
  const send = (mail: Uint8Array) => server.deliver(mail, "dmarc-reports@example.test").then(() => "", String);
  const answers: string[] = [];
  for (let i = 0; i < 12; i++) answers.push(await send(bomb));
  assert.match(answers[0]!, /550 /);
  assert.match(answers.at(-1)!, /451 /);
  assert.equal(await send(reportMail(gzip(XML))), "");
});
