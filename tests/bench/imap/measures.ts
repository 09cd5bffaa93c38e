/** What is measured of each server, one line of the table each. */
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { DOMAIN } from "../peers/peer.ts";
import type { BenchClient } from "./client.ts";
import { benchMessage } from "./messages.ts";
import type { Side } from "./side.ts";

export interface Measure {
  readonly name: string;
  /** `more`: a rate, larger is better. */
  readonly unit: "ms" | "MB/s" | "messages/s" | "KB";
  readonly rounds: number;
  /** One value in the unit. `count` is the number of messages in Big. */
  run(side: Side, count: number): Promise<number>;
}

const ROUNDS = 5;
const SELECT = "SELECT Big";

/** A command on Big, selected before and not measured. */
function warm(name: string, command: string, rounds = ROUNDS): Measure {
  const run = async ({ client }: Side): Promise<number> => {
    await client.ask(SELECT);
    await client.ask(command);
    return (await client.ask(command)).ms;
  };
  return { name, unit: "ms", rounds, run };
}

/** The same as the first thing that a started process does. */
function cold(name: string, command: string): Measure {
  const run = async (side: Side): Promise<number> => {
    await side.restart();
    if (command !== SELECT) await side.client.ask(SELECT);
    return (await side.client.ask(command)).ms;
  };
  return { name, unit: "ms", rounds: 3, run };
}

const LIST = "FETCH 1:* (ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE)";

const read: readonly Measure[] = [
  cold("SELECT, process just started", SELECT),
  warm("SELECT", SELECT),
  { name: "SELECT (QRESYNC) after 100 changes", unit: "ms", rounds: ROUNDS, run: resynchronise },
  warm("FETCH 1:* (FLAGS)", "FETCH 1:* (FLAGS)"),
  warm("FETCH 1:* (UID FLAGS MODSEQ)", "FETCH 1:* (UID FLAGS MODSEQ)"),
  cold("FETCH of a list, process just started", LIST),
  warm("FETCH of a list (ENVELOPE BODYSTRUCTURE …)", LIST),
  warm("FETCH one body", "FETCH 77 (BODY.PEEK[])", 15),
  { name: "FETCH all bodies", unit: "MB/s", rounds: 3, run: bodies },
  warm("SEARCH FLAGGED", "SEARCH FLAGGED"),
  warm("SEARCH SINCE", "SEARCH SINCE 1-Jun-2024"),
  warm("SEARCH FROM", "SEARCH FROM carla"),
  warm("SEARCH HEADER", "SEARCH HEADER X-None x", 3),
  warm("SEARCH TEXT, seldom word", "SEARCH TEXT xylophone", 3),
  warm("SEARCH BODY, frequent word", "SEARCH BODY schedule", 3),
  warm("SORT (SUBJECT)", "SORT (SUBJECT) UTF-8 ALL", 3),
  warm("SORT (REVERSE DATE)", "SORT (REVERSE DATE) UTF-8 ALL", 3),
  warm("THREAD REFERENCES", "THREAD REFERENCES UTF-8 ALL", 3),
  { name: "STATUS of 500 mailboxes", unit: "ms", rounds: 3, run: statuses },
];

const write: readonly Measure[] = [
  { name: "STORE 1:* +FLAGS and back", unit: "ms", rounds: 3, run: storeAll },
  { name: "COPY of 1,000", unit: "ms", rounds: 3, run: (side) => transfer(side, "COPY") },
  { name: "MOVE of 1,000", unit: "ms", rounds: 3, run: (side) => transfer(side, "MOVE") },
  { name: "APPEND, one by one", unit: "messages/s", rounds: 3, run: (side) => appendMany(side, 200, 1) },
  { name: "APPEND of 100 at once", unit: "messages/s", rounds: 3, run: (side) => appendMany(side, 500, 100) },
  { name: "delivery over LMTP to EXISTS in IDLE, 1 watcher", unit: "ms", rounds: 7, run: (side) => deliver(side, 1) },
  { name: "the same, the last of 100 watchers", unit: "ms", rounds: 3, run: (side) => deliver(side, 100) },
  // Dovecot takes an inotify instance a session: beyond fs.inotify.max_user_instances it looks every 30 seconds only.
  { name: "the same, the last of 1,000 watchers", unit: "ms", rounds: 1, run: (side) => deliver(side, 1000) },
  { name: "memory of a session in IDLE", unit: "KB", rounds: 1, run: idleMemory },
];

/** What is to show that one session does not wait for another's. */
const waits: readonly Measure[] = [
  ["FETCH of a list", LIST],
  ["FETCH all bodies", "FETCH 1:* (BODY.PEEK[])"],
  ["STORE 1:*", "STORE 1:* +FLAGS.SILENT (\\Answered)"],
  ["SEARCH BODY", "SEARCH BODY schedule"],
  ["SORT (SUBJECT)", "SORT (SUBJECT) UTF-8 ALL"],
  ["THREAD REFERENCES", "THREAD REFERENCES UTF-8 ALL"],
].map(([name, command]) => ({
  name: `longest NOOP of another session during ${name}`,
  unit: "ms" as const,
  rounds: 3,
  run: (side: Side) => longestWait(side, command!),
}));

export const MEASURES: readonly Measure[] = [...read, ...write, ...waits];

async function resynchronise(side: Side, count: number): Promise<number> {
  const { client } = side;
  const { tail } = await client.ask("STATUS Big (UIDVALIDITY HIGHESTMODSEQ)");
  const [validity, modseq] = ["UIDVALIDITY", "HIGHESTMODSEQ"].map((key) => new RegExp(`${key} (\\d+)`).exec(tail)![1]);
  const other = await side.connect();
  await other.ask(SELECT);
  await other.ask(`STORE 100:199 ${count % 2 ? "+" : "-"}FLAGS.SILENT ($Bench${Math.floor(Math.random() * 1000)})`);
  other.close();
  const fresh = await side.connect();
  await fresh.ask("ENABLE QRESYNC");
  const { ms } = await fresh.ask(`SELECT Big (QRESYNC (${validity} ${modseq}))`);
  fresh.close();
  return ms;
}

async function bodies({ client }: Side): Promise<number> {
  await client.ask(SELECT);
  const { octets, ms } = await client.ask("FETCH 1:* (BODY.PEEK[])");
  return octets / 1e6 / (ms / 1000);
}

async function statuses({ client }: Side): Promise<number> {
  if (!(await client.ask('LIST "" Many.499')).tail.includes("Many")) {
    for (let i = 0; i < 500; i++) await client.ask(`CREATE "Many.${i}"`).catch(() => {});
  }
  await client.ask("UNSELECT").catch(() => {});
  return (await client.ask('LIST "" "Many.*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))')).ms;
}

async function storeAll({ client }: Side): Promise<number> {
  await client.ask(SELECT);
  const { ms } = await client.ask("STORE 1:* +FLAGS (\\Answered)");
  await client.ask("STORE 1:* -FLAGS.SILENT (\\Answered)");
  return ms;
}

async function transfer({ client }: Side, how: "COPY" | "MOVE"): Promise<number> {
  await client.ask("CREATE Target").catch(() => {});
  await client.ask("CREATE Source").catch(() => {});
  await client.ask(SELECT);
  await client.ask("COPY 1:1000 Source");
  await client.ask("SELECT Source");
  const { ms } = await client.ask(`${how} 1:1000 Target`);
  for (const name of ["UNSELECT", "DELETE Target", "DELETE Source"]) await client.ask(name);
  return ms;
}

async function appendMany({ client }: Side, messages: number, atOnce: number): Promise<number> {
  await client.ask("CREATE Appended").catch(() => {});
  // Made before the clock starts: what the client does is not measured.
  const commands: Uint8Array[] = [];
  for (let from = 0; from < messages; from += atOnce) commands.push(appendCommand("Appended", from, atOnce));
  const started = performance.now();
  for (const command of commands) await client.ask(command);
  const rate = messages / ((performance.now() - started) / 1000);
  await client.ask("DELETE Appended");
  return rate;
}

/** An APPEND of `count` messages, `$Flagged` every tenth of them, with literals that wait for nothing. */
export function appendCommand(mailbox: string, from: number, count: number): Uint8Array {
  const parts = [utf8Bytes(`APPEND ${mailbox}`)];
  for (let number = from; number < from + count; number++) {
    const octets = benchMessage(number);
    const flags = number % 10 === 0 ? "\\Seen \\Flagged" : "\\Seen";
    parts.push(utf8Bytes(` (${flags}) {${octets.length}+}\r\n`), octets);
  }
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

async function watchers(side: Side, count: number): Promise<BenchClient[]> {
  const all: BenchClient[] = [];
  for (let at = 0; at < count; at += 20) {
    all.push(
      ...await Promise.all(Array.from({ length: Math.min(20, count - at) }, async () => {
        const client = await side.connect();
        await client.ask("SELECT INBOX");
        await client.write(utf8Bytes("i IDLE\r\n"));
        await client.until(/\+ [^\n]*\r\n$/);
        return client;
      })),
    );
  }
  return all;
}

async function deliver(side: Side, count: number): Promise<number> {
  const waiting = await watchers(side, count);
  const lmtp = await Deno.connect({ hostname: "127.0.0.1", port: side.peer.lmtpPort });
  const buffer = new Uint8Array(4096);
  const say = async (text: string | Uint8Array) => {
    const octets = typeof text === "string" ? utf8Bytes(text) : text;
    for (let at = 0; at < octets.length;) at += await lmtp.write(octets.subarray(at));
    await lmtp.read(buffer);
  };
  await lmtp.read(buffer);
  for (const line of [`LHLO me`, `MAIL FROM:<a@example.net>`, `RCPT TO:<u1@${DOMAIN}>`, "DATA"]) {
    await say(`${line}\r\n`);
  }
  const started = performance.now();
  const told = Promise.all(waiting.map((client) => client.until(/ EXISTS\r\n/)));
  await say(new Uint8Array([...benchMessage(3), ...utf8Bytes(".\r\n")]));
  await told;
  const ms = performance.now() - started;
  lmtp.close();
  for (const client of waiting) client.close();
  await new Promise((resolve) => setTimeout(resolve, count));
  return ms;
}

async function idleMemory(side: Side): Promise<number> {
  const sessions = 200;
  const before = await watchers(side, sessions);
  const kb = await settledMemory(side);
  const more = await watchers(side, sessions);
  const each = (await settledMemory(side) - kb) / sessions;
  for (const client of [...before, ...more]) client.close();
  return each;
}

async function settledMemory(side: Side): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 3000));
  return side.memoryKb();
}

async function longestWait(side: Side, command: string): Promise<number> {
  const other = await side.connect();
  await other.ask("SELECT INBOX");
  await side.client.ask(SELECT);
  let done = false;
  let longest = 0;
  const heavy = side.client.ask(command).finally(() => done = true);
  while (!done) {
    longest = Math.max(longest, (await other.ask("NOOP")).ms);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await heavy;
  other.close();
  return longest;
}
