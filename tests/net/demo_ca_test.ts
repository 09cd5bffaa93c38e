import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DemoCertificate, ensureDemoCertificate } from "../../src/net/demo_ca.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 24);
const NAMES = ["mail.example.org", "127.0.0.1"];

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "palomar-demo-ca-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function contents(files: DemoCertificate): Promise<{ ca: string; server: string; key: string }> {
  const [ca, server, key] = await Promise.all(
    [files.caFile, files.certFile, files.keyFile].map((file) => readFile(file, "utf8")),
  );
  return { ca: ca!, server: server!, key: key! };
}

Deno.test("ensureDemoCertificate() keeps what is good until thirty days before its end", async () => {
  await inFolder(async (folder) => {
    const first = await contents(await ensureDemoCertificate(folder, NAMES, NOW));
    for (const later of [NOW, NOW + 790 * DAY]) {
      assert.deepEqual(await contents(await ensureDemoCertificate(folder, NAMES, later)), first);
    }
    const files = await ensureDemoCertificate(folder, NAMES, NOW + 800 * DAY);
    const renewed = await contents(files);
    assert.equal(renewed.ca, first.ca); // clients that trust the CA need not be told
    assert.notEqual(renewed.server, first.server);
    assert.notEqual(renewed.key, first.key);
    const certificate = new X509Certificate(renewed.server);
    assert.ok(certificate.verify(new X509Certificate(renewed.ca).publicKey));
    assert.ok(Date.parse(certificate.validTo) > NOW + 1_600 * DAY);
    assert.equal((await stat(files.keyFile)).mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, "ca.key"))).mode & 0o777, 0o600);
  });
});

Deno.test("ensureDemoCertificate() makes a new CA near its end, and a certificate never outlives its CA", async () => {
  await inFolder(async (folder) => {
    const first = await contents(await ensureDemoCertificate(folder, NAMES, NOW));
    const end = Date.parse(new X509Certificate(first.ca).validTo);
    const shortened = await contents(await ensureDemoCertificate(folder, NAMES, end - 100 * DAY));
    assert.equal(shortened.ca, first.ca);
    assert.equal(Date.parse(new X509Certificate(shortened.server).validTo), end);
    const renewed = await contents(await ensureDemoCertificate(folder, NAMES, end - 20 * DAY));
    assert.notEqual(renewed.ca, first.ca);
    assert.ok(new X509Certificate(renewed.server).verify(new X509Certificate(renewed.ca).publicKey));
  });
});

Deno.test("ensureDemoCertificate() makes anew for other names, a clock set back, and broken files", async () => {
  await inFolder(async (folder) => {
    const first = await contents(await ensureDemoCertificate(folder, NAMES, NOW));
    const named = await contents(await ensureDemoCertificate(folder, ["other.example", ...NAMES], NOW));
    assert.notEqual(named.server, first.server);
    assert.ok(new X509Certificate(named.server).checkHost("other.example"));
    const back = await contents(await ensureDemoCertificate(folder, NAMES, NOW - 1_000 * DAY));
    assert.notEqual(back.ca, first.ca);
    assert.ok(Date.parse(new X509Certificate(back.server).validFrom) <= NOW - 1_000 * DAY);
    const files = await ensureDemoCertificate(folder, NAMES, NOW);
    await writeFile(files.keyFile, "garbage");
    const mended = await contents(await ensureDemoCertificate(folder, NAMES, NOW));
    assert.match(mended.key, /^-----BEGIN PRIVATE KEY-----/);
  });
});
