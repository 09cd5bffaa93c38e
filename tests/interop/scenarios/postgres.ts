/** Servers on one PostgreSQL: how they reach it, what each hears of the other, and what becomes of mail when something goes. */
import { join } from "node:path";
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { ensureDemoCertificate } from "../../../src/net/demo_ca.ts";
import { openPostgres } from "../../../src/storage/postgres/mod.ts";
import { type Cluster, DATABASE_USER, reach, startCluster } from "../../storage/postgres/cluster.ts";
import { openImap } from "../mailbox.ts";
import { type Account, freePorts, type Palomar } from "../palomar.ts";
import { eventually, pause, type Scenario, type Stage } from "../scenario.ts";
import { openSmtp, sendOver } from "../smtp_client.ts";
import { Wire } from "../wire.ts";

export const NEEDS = ["setpriv", "/usr/lib/postgresql/15/bin/initdb"];
const PASSWORD = "a pass/word@";

export interface Database {
  readonly cluster: Cluster;
  readonly port: number;
  readonly caFile: string;
  /** With TLS, by name and password; `more`: other parameters than to verify all. */
  url(more?: string, host?: string, password?: string): string;
}

/** A server of PostgreSQL with TLS and SCRAM, and a database `mail` of a user `mail`. */
export async function startDatabase(stage: Stage, settings: readonly string[] = []): Promise<Database> {
  const port = freePorts().smtp;
  const folder = await Deno.makeTempDir({ prefix: "palomar-pg-tls-" });
  stage.defer(() => Deno.remove(folder, { recursive: true }));
  const certificate = await ensureDemoCertificate(folder, ["localhost"]);
  const key = join(folder, "postgres.key");
  await Deno.copyFile(certificate.keyFile, key);
  await Deno.chmod(key, 0o600);
  await Deno.chmod(folder, 0o755);
  if (Deno.uid() === 0) await Deno.chown(key, Number(DATABASE_USER()), null);
  const tls = ["ssl=on", `ssl_cert_file=${certificate.certFile}`, `ssl_key_file=${key}`];
  const cluster = startCluster([`port=${port}`, "listen_addresses=localhost", ...tls, ...settings])!;
  stage.defer(() => cluster.remove());
  const connection = await reach(await cluster.database("postgres"));
  const once = (sql: string) => ({ sql, values: [], once: true });
  await connection.exchange([once("set password_encryption = 'scram-sha-256'")]);
  await connection.exchange([once(`create role mail login password '${PASSWORD}'`)]);
  await connection.exchange([
    once("create database mail owner mail template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'"),
  ]);
  connection.close();
  const rules = "local all palomar trust\nlocal replication palomar trust\nhostssl all all all scram-sha-256\n";
  await Deno.writeTextFile(join(cluster.folder, "data", "pg_hba.conf"), rules);
  cluster.stop();
  cluster.start();
  return {
    cluster,
    port,
    caFile: certificate.caFile,
    url: (more = `sslmode=verify-full&sslrootcert=${certificate.caFile}`, host = "localhost", password = PASSWORD) =>
      `postgres://mail:${encodeURIComponent(password)}@${host}:${port}/mail?${more}`,
  };
}

/** Two servers on one database, each with certificates, ports and a data folder of its own. */
async function startTwo(
  stage: Stage,
  { url }: Database,
  config: Record<string, unknown> = {},
): Promise<[Palomar, Palomar]> {
  const storage = { driver: "postgres", url: url() };
  const a = await stage.startPalomar("one.test", { config: { storage, ...config } });
  const b = await stage.startPalomar("two.test", { config: { storage, ...config } });
  return [a, b];
}

/** Sends messages until it is told to end; each that was answered with 250 is noted. Broken connections are opened anew. */
function load(servers: readonly Palomar[], to: Account, name: string) {
  const accepted = new Set<string>();
  let isOver = false;
  const work = servers.flatMap((server, s) =>
    Array.from({ length: 3 }, async (_, i) => {
      let wire: Wire | null = null;
      for (let number = 0; !isOver; number++) {
        const id = `<${name}-${s}-${i}-${number}@load.test>`;
        const body = number % 20 === 7 ? "0123456789abcdef\r\n".repeat(8000) : "short\r\n";
        try {
          wire ??= await openSmtp(server.ports.smtp);
          await sendOver(wire, "x@outside.test", to.address, `Message-ID: ${id}\r\nSubject: load\r\n\r\n${body}`);
          accepted.add(id);
        } catch { // refused for a time, or the connection is gone: whether it was taken nobody knows
          wire?.close();
          wire = null;
          await pause(50);
        }
      }
      wire?.close();
    })
  );
  return {
    accepted,
    end: async () => {
      isOver = true;
      await Promise.all(work);
    },
  };
}

/** Message-IDs in INBOX, as they stand there. */
async function stored(server: Palomar, account: Account): Promise<string[]> {
  const imap = await openImap(server, account);
  const { exists } = await imap.mailboxOpen("INBOX");
  const ids: string[] = [];
  if (exists > 0) {
    for await (const row of imap.fetch("1:*", { headers: ["message-id"] })) {
      ids.push(/<[^>]*>/.exec(row.headers?.toString() ?? "")?.[0] ?? "");
    }
  }
  await imap.logout();
  return ids;
}

function expectAll(ids: readonly string[], accepted: ReadonlySet<string>): void {
  const there = new Set(ids);
  strictEqual(there.size, ids.length, "a message is there twice");
  deepStrictEqual([...accepted].filter((id) => !there.has(id)), [], "answered with 250 and lost");
}

export const postgres: readonly Scenario[] = [
  {
    name: "postgres: TLS by every sslmode, a name that is another's and a wrong password refused, SCRAM-SHA-256",
    needs: NEEDS,
    async run(stage) {
      const { url, caFile, cluster } = await startDatabase(stage);
      const open = async (where: string) => await (await openPostgres({ url: where })).close();
      for (
        const mode of [`verify-full&sslrootcert=${caFile}`, `verify-ca&sslrootcert=${caFile}`, "require", "prefer"]
      ) {
        await open(url(`sslmode=${mode}`));
      }
      // The certificate is for localhost alone.
      await rejects(open(url(undefined, "127.0.0.1")), /127\.0\.0\.1|altnames|not valid for name/i);
      await open(url(`sslmode=verify-ca&sslrootcert=${caFile}`, "127.0.0.1"));
      await rejects(open(url("sslmode=verify-full")), /certificate|issuer|self.signed/i);
      await rejects(open(url("sslmode=disable")), /pg_hba\.conf/);
      await rejects(open(url(undefined, "localhost", "wrong")), /password authentication failed/);
      const connection = await reach(await cluster.database("postgres"));
      const [secret] = await connection.exchange([{
        sql: "select left(rolpassword, 13) from pg_authid where rolname = 'mail'",
        values: [],
      }]);
      connection.close();
      strictEqual(secret!.rows[0]![0], "SCRAM-SHA-256");
    },
  },
  {
    name:
      "postgres: two servers on one database, IMAP IDLE at one hears what the other took; import, export, backup, verify",
    needs: NEEDS,
    seconds: 180,
    async run(stage) {
      const [a, b] = await startTwo(stage, await startDatabase(stage));
      const account = await a.account("ann");
      const idle = await Wire.connectTls(b.ports.imaps, b.caFile);
      await idle.send(`a LOGIN ${account.address} "${account.password}"\r\nb SELECT INBOX\r\n`);
      while (!(await idle.line())?.startsWith("b OK"));
      await idle.send("c IDLE\r\n");
      while (!(await idle.line())?.startsWith("+"));
      const wire = await openSmtp(a.ports.smtp);
      const times: number[] = [];
      for (let i = 1; i <= 20; i++) {
        await sendOver(wire, "x@outside.test", account.address, `Subject: news ${i}\r\n\r\nx`);
        const since = performance.now();
        while (!(await idle.line())?.startsWith(`* ${i} EXISTS`));
        times.push(performance.now() - since);
      }
      idle.close();
      wire.close();
      times.sort((x, y) => x - y);
      ok(times[10]! < 100, `half of the news took more than ${times[10]} ms`);

      const out = join(stage.folder, "maildir");
      await a.cli(["export", "maildir", account.address, out]);
      const other = await b.account("bob");
      await b.cli(["import", "maildir", other.address, out]);
      strictEqual((await stored(a, other)).length, 20);
      const backup = join(stage.folder, "backup");
      match(await b.cli(["backup", backup, "--verify"]), /^40 messages of 2 accounts/);
      await a.cli(["account", "remove", other.address]);
      await b.cli(["restore", backup, "--account", other.address]);
      strictEqual((await stored(a, other)).length, 20);
      await a.cli(["verify"]);
      return `news after ${times[10]!.toFixed(0)} ms, the slowest of 20 ${times[19]!.toFixed(0)} ms`;
    },
  },
  {
    name: "postgres: a server that is killed while it sends leaves its queue to the other, each recipient once",
    needs: NEEDS,
    seconds: 400,
    async run(stage) {
      const taken = new Map<string, number>();
      let answers = false;
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      stage.defer(() => listener.close());
      void (async () => {
        for await (const connection of listener) void receive(connection, () => answers, taken).catch(() => {});
      })();
      const { port } = listener.addr as Deno.NetAddr;
      const routes = { "far.test": { host: "127.0.0.1", port, tls: "none" } };
      const [a, b] = await startTwo(stage, await startDatabase(stage), { outbound: { routes } });
      const account = await a.account("ann");
      const sendmail = await a.script("sendmail");
      for (let i = 0; i < 10; i++) {
        const stdin = `Subject: out\n\nnumber ${i}\n`;
        await stage.run(sendmail, ["-f", account.address, `r${i}@far.test`], { stdin });
      }
      await pause(2000); // by now they are leased, and whoever sends waits for a greeting
      await a.kill();
      const since = performance.now();
      answers = true;
      await eventually("the other sends all", () => Promise.resolve(taken.size === 10), 300);
      const seconds = (performance.now() - since) / 1000;
      await pause(1000);
      deepStrictEqual([...taken.values()].filter((count) => count !== 1), []);
      strictEqual((await b.cli(["queue", "list"])).includes("far.test"), false);
      return `the last of 10 after ${seconds.toFixed(0)} s`;
    },
  },
  {
    name:
      "postgres: servers are replaced one by one, the database crashes and fails over to its standby; nothing lost, nothing twice",
    needs: NEEDS,
    seconds: 400,
    async run(stage) {
      const database = await startDatabase(stage, ["wal_level=replica", "max_wal_senders=4"]);
      const { cluster, port } = database;
      const [a, b] = await startTwo(stage, database);
      const account = await a.account("ann");
      const flow = load([a, b], account, "roll");
      const grows = async (what: string) => {
        const before = flow.accepted.size;
        await eventually(what, () => Promise.resolve(flow.accepted.size > before + 10), 60);
      };
      await grows("mail flows");
      for (const server of [a, b]) {
        await server.stop();
        await grows("the other goes on");
        await server.start();
        await grows("both go on");
      }
      cluster.stop("immediate");
      await pause(300);
      cluster.start();
      await grows("mail flows after a crash of the database");
      const standby = cluster.standby([`port=${freePorts().smtp}`]);
      stage.defer(() => standby.remove());
      // What is acknowledged is at the standby too: without this a failover may lose what was just answered.
      const admin = await reach(await cluster.database("postgres"));
      await admin.exchange([{ sql: "alter system set synchronous_standby_names = '*'", values: [], once: true }]);
      await admin.exchange([{ sql: "select pg_reload_conf()", values: [] }]);
      admin.close();
      await grows("mail flows, synchronously");
      cluster.stop("immediate");
      standby.promote();
      standby.stop();
      await Deno.writeTextFile(join(standby.folder, "data", "postgresql.auto.conf"), "");
      standby.set([`port=${port}`]);
      standby.start();
      await grows("mail flows by the standby");
      await flow.end();
      expectAll(await stored(b, account), flow.accepted);
      await b.cli(["verify"]);
      return `${flow.accepted.size} messages accepted`;
    },
  },
];

/** A host that greets nobody until `answers`, then takes everything and counts it. */
async function receive(connection: Deno.Conn, answers: () => boolean, taken: Map<string, number>): Promise<void> {
  while (!answers()) await pause(100);
  const encoder = new TextEncoder();
  const say = (text: string) => connection.write(encoder.encode(`${text}\r\n`));
  await say("220 far.test ESMTP");
  let [rest, isBody, recipients] = ["", false, [] as string[]];
  for await (const chunk of connection.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\r\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (isBody) {
        if (line !== ".") continue;
        isBody = false;
        for (const one of recipients) taken.set(one, (taken.get(one) ?? 0) + 1);
        recipients = [];
        await say("250 taken");
      } else if (/^DATA/i.test(line)) {
        isBody = true;
        await say("354 go on");
      } else {
        const to = /^RCPT TO:<([^>]*)>/i.exec(line)?.[1];
        if (to !== undefined) recipients.push(to);
        await say(/^EHLO/i.test(line) ? "250 far.test" : /^QUIT/i.test(line) ? "221 bye" : "250 ok");
      }
    }
  }
}
