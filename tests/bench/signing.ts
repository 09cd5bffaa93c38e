// deno-lint-ignore-file no-console
/**
 * Signing of large messages: how long nothing else has its turn. And what checking an ordinary message by SPF, DKIM, ARC,
 * DMARC and reverse DNS costs. Both by the processor's time too, because other programs make a wall clock say anything.
 */
import { cpuUsage } from "node:process";
import { concatBytes, latin1Bytes, latin1String, utf8Bytes } from "../../src/base/bytes.ts";
import type { BlobId, DnsType, Peer } from "../../src/contract/mod.ts";
import { scriptedResolver } from "../../src/dns/mod.ts";
import { headerFields } from "../../src/message/header.ts";
import { MessageIndexer } from "../../src/message/mod.ts";
import { authenticate } from "../../src/mta/authenticate.ts";
import { DkimKeys } from "../../src/server/dkim/keys.ts";
import { createSigner } from "../../src/server/dkim/sign_message.ts";
import { runProgram } from "../../src/server/run_program.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { openSqlite } from "../../src/storage/sqlite/mod.ts";
import type { Storage } from "../../src/storage/storage.ts";

const SIZE = 52_000_000;
const ROUNDS = 5;
const ORDINARY = 4_000;
const CHECKS = 400;
const DOMAIN = "bench.test";
const HEAD = `From: a@${DOMAIN}\r\nTo: b@there.test\r\nSubject: large\r\nDate: Tue, 24 Nov 2026 06:00:00 +0000\r\n` +
  `Message-ID: <large@${DOMAIN}>\r\n\r\n`;

/** Lines of each kind of body; the last three are what somebody would send who wants it slow. */
const BODIES: Readonly<Record<string, string>> = {
  Base64: "QmVuY2htYXJrcyBhcmUgd29ydGggd2hhdCB0aGV5IG1lYXN1cmUsIGFuZCBubyBtb3JlIHRoYW4=\r\n",
  text: "Pigeons find their way home, whatever the weather is like, as everybody  knows.\r\n",
  "white space": " \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t \t .\r\n",
  "empty lines": "\r\n",
  "bare line ends": "a\nb\rc\n",
};

export async function signing(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: "/var/tmp" });
  try {
    for (const store of ["memory", "SQLite"] as const) {
      const storage = store === "memory" ? memoryStorage() : await openSqlite({ dataDir: folder });
      try {
        await large(store, storage);
        if (store === "memory") await ordinary(storage);
      } finally {
        await storage.close();
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function large(store: string, storage: Storage): Promise<void> {
  const signer = await signerOf(storage);
  for (const [name, line] of Object.entries(BODIES)) {
    const { blobId, size } = await stored(storage, line);
    const slices: Slices[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const watched = watch();
      const signed = await signer.sign({ domains: [DOMAIN], blobId, size, prefix: new Uint8Array(), now: Date.now() });
      slices.push(await watched());
      if (!("fields" in signed)) throw new Error(`not signed: ${signed.unsigned}`);
    }
    const [first, ...later] = slices;
    const worst = Math.max(...later.map(({ longest }) => longest));
    const seconds = later.reduce((sum, { seconds }) => sum + seconds, 0) / later.length;
    console.log(
      `52 MB of ${name}, ${store}: longest turn ${worst.toFixed(1)} ms, the first time ${first!.longest.toFixed(1)}; ` +
        `${seconds.toFixed(2)} s in all`,
    );
  }
}

interface Slices {
  /** Milliseconds that this thread worked for without a turn of the loop, at most. */
  readonly longest: number;
  readonly seconds: number;
}

/** Looks at every turn of the loop how long the one before was, by the time that the system gave this thread. */
function watch(): () => Promise<Slices> {
  const started = performance.now();
  let longest = 0;
  let going = true;
  let worked = threadMs();
  const look = (): void => {
    const now = threadMs();
    longest = Math.max(longest, now - worked);
    worked = threadMs();
    if (going) setTimeout(look, 0);
  };
  const first = setTimeout(look, 0);
  return async () => {
    const seconds = (performance.now() - started) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 5));
    going = false;
    clearTimeout(first);
    return { longest, seconds };
  };
}

/** Milliseconds that this thread has worked (proc(5)). */
function threadMs(): number {
  return Number(Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ")[0]) / 1e6;
}

async function ordinary(storage: Storage): Promise<void> {
  const keys = await keysOf(storage);
  const signer = createSigner({ keys, storage, hostname: `mail.${DOMAIN}` });
  const body = "An ordinary line of an ordinary message, of which there are some.\r\n".repeat(ORDINARY / 66);
  const plain = latin1Bytes(HEAD + body);
  const bytes = await signer.signReport(plain, Date.now());
  const { blobId, size } = await put(storage, [bytes]);
  const zones: Record<string, unknown> = {
    [DOMAIN]: {
      TXT: [{ type: "TXT", text: "v=spf1 mx include:_spf.bench.test -all" }],
      MX: [{ type: "MX", preference: 10, exchange: `mail.${DOMAIN}` }],
    },
    [`_dmarc.${DOMAIN}`]: { TXT: [{ type: "TXT", text: "v=DMARC1; p=reject" }] },
    [`_spf.${DOMAIN}`]: { TXT: [{ type: "TXT", text: "v=spf1 ip4:198.51.100.0/24 -all" }] },
    [`mail.${DOMAIN}`]: { A: [{ type: "A", address: "203.0.113.9" }] },
    "7.100.51.198.in-addr.arpa": { PTR: [{ type: "PTR", name: `mail.${DOMAIN}` }] },
  };
  for (const { name, record } of await keys.list(DOMAIN)) zones[name] = { TXT: [{ type: "TXT", text: record }] };
  const resolver = scriptedResolver(zones as never);
  const perform = (op: string, args: never): unknown => {
    if (op === "clock.now") return Date.now();
    if (op === "dns.resolve") {
      const { name, type } = args as { name: string; type: DnsType };
      return resolver.resolve(name, type);
    }
    return storage.perform(op as never, args);
  };
  const peer = { session: { remoteAddress: "198.51.100.7" }, helo: `mail.${DOMAIN}` } as Peer;
  const check = () =>
    runProgram(
      authenticate({
        peer,
        reversePath: `a@${DOMAIN}`,
        blobId,
        size,
        fields: headerFields(latin1String(bytes.subarray(0, bytes.length - plain.length)) + HEAD),
        hostname: "mail.there.test",
        now: Date.now(),
      }, { dmarc: "enforce", spf: "mark", organization: "treewalk", trustedForwarders: [], isTrusted: () => false }),
      perform as never,
      () => {},
    );
  const found = await check();
  const results = [found.spf.mailFrom.result, ...found.dkim.map(({ result }) => result), found.dmarc.result];
  if (results.some((result) => result !== "pass")) throw new Error(`not authentic: ${results.join(" ")}`);
  for (let i = 0; i < 50; i++) await check(); // warm
  const before = cpuUsage();
  for (let i = 0; i < CHECKS; i++) await check();
  const { user, system } = cpuUsage(before);
  console.log(
    `4 KB with an RSA and an Ed25519 signature: SPF, DKIM, ARC, DMARC and reverse DNS take ${
      ((user + system) / 1000 / CHECKS).toFixed(2)
    } ms of processor`,
  );
}

async function keysOf(storage: Storage): Promise<DkimKeys> {
  const nowhere = () => Promise.reject(new Error("nobody asks"));
  const keys = new DkimKeys({ storage, resolve: nowhere, now: () => Date.now(), hostname: `mail.${DOMAIN}` });
  const domains = await storage.perform("domain.list", {});
  if (!domains.some(({ name }) => name === DOMAIN)) {
    await storage.perform("domain.add", { name: DOMAIN, now: Date.now() });
    await keys.begin(DOMAIN);
  }
  return keys;
}

async function signerOf(storage: Storage) {
  return createSigner({ keys: await keysOf(storage), storage, hostname: `mail.${DOMAIN}` });
}

/** A message of `SIZE` octets of one line, over and over. */
function stored(storage: Storage, line: string) {
  const piece = utf8Bytes(line.repeat(Math.ceil(64_000 / line.length)));
  const pieces: Uint8Array[] = [utf8Bytes(HEAD)];
  for (let size = 0; size < SIZE; size += piece.length) pieces.push(piece);
  return put(storage, pieces);
}

async function put(storage: Storage, pieces: readonly Uint8Array[]): Promise<{ blobId: BlobId; size: number }> {
  const writer = storage.createBlob();
  const indexer = new MessageIndexer();
  for (const piece of pieces.length > 10 ? joined(pieces) : pieces) {
    indexer.push(piece);
    await writer.write(piece);
  }
  const { blobId, size } = await writer.seal(indexer.finish());
  return { blobId, size };
}

function* joined(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  for (let at = 0; at < pieces.length; at += 8) yield concatBytes(pieces.slice(at, at + 8));
}
