import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { startCluster } from "../../storage/postgres/cluster.ts";
import { openImap } from "../mailbox.ts";
import { freePorts, type Palomar } from "../palomar.ts";
import { eventually, pause, type Scenario, type Stage } from "../scenario.ts";
import { openSmtp, sendIn } from "../smtp_client.ts";

const MB = 1024 * 1024;

/** PostgreSQL with large bodies in a store of objects, on nodes that have no disk. */
export const objects: readonly Scenario[] = [
  {
    name: "objects: two servers without a disk, one database, one bucket of s3rver: mail in, out, away and back",
    needs: ["psql"],
    seconds: 180,
    async run(stage) {
      const bucket = await startBucket(stage);
      const cluster = startCluster();
      if (cluster === null) return "left out: there is no PostgreSQL";
      stage.defer(() => cluster.remove());
      const config = {
        // Nobody can make a folder there.
        dataDir: "/proc/palomar",
        storage: { driver: "postgres", url: await cluster.database("objects"), objects: bucket.config },
      };
      const one = await stage.startPalomar("one.test", { config });
      const two = await stage.startPalomar("two.test", { config });
      const alice = await one.account("alice");
      const sizes = [100_000, 6 * MB, 20 * MB];
      const texts = sizes.map((size, i) => textOf(size, i));
      for (const text of texts) await sendIn(one.ports.smtp, alice, text);
      strictEqual(bucket.count(), 3);
      await expectMail(two, alice, texts); // whatever node asks
      const memory = await flatMemory(one, alice.address);

      await bucket.stop();
      await refusedFor(one, alice.address, textOf(200_000, 8));
      await sendIn(one.ports.smtp, alice, "Subject: small\r\n\r\nsmall\r\n");
      await bucket.start();
      await sendIn(two.ports.smtp, alice, textOf(200_000, 9));
      const client = await openImap(one, alice);
      const lock = await client.getMailboxLock("INBOX");
      ok(client.mailbox);
      strictEqual(client.mailbox.exists, 6);
      deepStrictEqual(await client.search({ header: { subject: "number 9" } }), [6]);
      const whole = await client.fetchOne("6", { source: true });
      ok(whole && whole.source);
      strictEqual(hashOf(tailOf(whole.source.toString("latin1"))), hashOf(textOf(200_000, 9) + "\r\n"));
      lock.release();
      await client.logout();
      // A node that was killed finds all of it again.
      await two.kill();
      await two.start();
      await expectMail(two, alice, texts);
      return memory;
    },
  },
  {
    name: "objects: a node killed amid large mail loses nothing acknowledged, and shows nothing half",
    needs: ["psql"],
    seconds: 300,
    async run(stage) {
      const bucket = await startBucket(stage);
      const cluster = startCluster();
      if (cluster === null) return "left out: there is no PostgreSQL";
      stage.defer(() => cluster.remove());
      const config = {
        storage: { driver: "postgres", url: await cluster.database("killed"), objects: bucket.config },
        outbound: { hold: true },
      };
      const one = await stage.startPalomar("one.test", { config });
      const two = await stage.startPalomar("two.test", { config });
      const alice = await one.account("alice");
      const sent = new Map<number, string>();
      const acknowledged = new Set<number>();
      for (let round = 0; round < Math.min(stage.sizes.rounds, 4); round++) {
        const goal = acknowledged.size + 1 + Math.floor(Math.random() * 12);
        const killed = eventually("some mail is taken", () => Promise.resolve(acknowledged.size >= goal), 60)
          .then(() => pause(Math.random() * 300)).then(() => one.kill());
        const streams = Array.from({ length: 4 }, async (_, stream) => {
          for (let n = round * 1000 + stream * 100; n < round * 1000 + stream * 100 + 50; n++) {
            const text = textOf(n % 3 ? 150_000 + n * 10 : 6 * MB, n);
            sent.set(n, hashOf(text + "\r\n"));
            await sendIn(one.ports.smtp, alice.address, text);
            acknowledged.add(n);
          }
        });
        await Promise.allSettled(streams); // the kill ends each of them
        await killed;
        await one.start();
      }
      const found = new Map<number, string>();
      const client = await openImap(two, alice);
      const lock = await client.getMailboxLock("INBOX");
      for await (const message of client.fetch("1:*", { source: true })) {
        const text = tailOf(message.source!.toString("latin1"));
        const n = Number(/^Subject: number (\d+)/.exec(text)![1]);
        ok(!found.has(n), `message ${n} is there twice`);
        found.set(n, hashOf(text));
      }
      lock.release();
      await client.logout();
      for (const n of acknowledged) ok(found.has(n), `message ${n} was acknowledged and is gone`);
      for (const [n, hash] of found) strictEqual(hash, sent.get(n), `message ${n}`);
      return `${acknowledged.size} acknowledged, ${found.size} there, ${bucket.count()} objects`;
    },
  },
];

/** `number N` and as many octets of lines, the same each time, that compressing does not make small. */
function textOf(size: number, n: number): string {
  const words = new Uint32Array(Math.ceil(size / 5));
  for (let i = 0, state = n + 1; i < words.length; i++) words[i] = state = Math.imul(state, 1664525) + 1013904223;
  const lines = Buffer.from(words.buffer).toString("base64").replace(/.{76}/g, "$&\r\n");
  return `Subject: number ${n}\r\n\r\n${lines.slice(0, size)}`.trimEnd();
}

function hashOf(text: string): string {
  return createHash("sha256").update(text, "latin1").digest("hex");
}

/** A stored message from its Subject on. */
function tailOf(text: string): string {
  return text.slice(text.indexOf("Subject: number"));
}

async function expectMail(palomar: Palomar, account: Parameters<typeof openImap>[1], texts: readonly string[]) {
  const client = await openImap(palomar, account);
  const lock = await client.getMailboxLock("INBOX");
  for (const [i, text] of texts.entries()) {
    const message = await client.fetchOne(String(i + 1), { source: true });
    ok(message && message.source);
    strictEqual(hashOf(tailOf(message.source.toString("latin1"))), hashOf(text + "\r\n"), `message ${i + 1}`);
  }
  lock.release();
  await client.logout();
}

/** A message of 45 MB takes a few parts of memory, not itself. */
async function flatMemory(palomar: Palomar, address: string): Promise<string> {
  const before = palomar.memory();
  let most = before;
  const timer = setInterval(() => most = Math.max(most, palomar.memory()), 20);
  try {
    await sendIn(palomar.ports.smtp, address, textOf(45 * MB, 7));
  } finally {
    clearInterval(timer);
  }
  ok(most - before < 100, `${Math.round(before)} to ${Math.round(most)} MB of memory`);
  return `45 MB took ${Math.round(most - before)} MB of memory`;
}

async function refusedFor(palomar: Palomar, address: string, text: string): Promise<void> {
  const wire = await openSmtp(palomar.ports.smtp);
  await wire.send(`MAIL FROM:<x@outside.test>\r\nRCPT TO:<${address}>\r\nDATA\r\n`);
  for (let i = 0; i < 3; i++) await wire.reply();
  await wire.send(`${text}\r\n.\r\n`);
  const reply = await wire.reply();
  ok(reply.startsWith("451"), reply);
  wire.close();
}

interface Bucket {
  readonly config: Readonly<Record<string, unknown>>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Bodies in it. */
  count(): number;
}

/** An s3rver in the scenario's folder. */
async function startBucket(stage: Stage): Promise<Bucket> {
  const { default: S3rver } = await import("s3rver");
  const directory = join(stage.folder, "s3");
  const port = freePorts().http;
  const make = () =>
    new S3rver({
      address: "127.0.0.1",
      port,
      silent: true,
      directory,
      configureBuckets: [{ name: "mail", configs: [] }],
    });
  let server = make();
  const bucket: Bucket = {
    config: {
      endpoint: `http://127.0.0.1:${port}`,
      bucket: "mail",
      accessKeyId: "S3RVER",
      secretAccessKey: "S3RVER",
      prefix: "palomar/nodes",
    },
    start: async () => {
      server = make();
      await server.run();
    },
    stop: async () => void await server.close(),
    count: () =>
      [...Deno.readDirSync(join(directory, "mail/palomar/nodes/bodies"))].filter(({ name }) => name.endsWith("_object"))
        .length,
  };
  await server.run();
  stage.defer(() => server.close());
  return bucket;
}
