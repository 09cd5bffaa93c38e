// deno-lint-ignore-file no-console
/**
 * A mailbox of 1,000,000 messages beside one of 1,000, in one server, in turns: what people do all day should cost the
 * same. `BENCH_MESSAGES` is the size of the large one.
 */
import { latin1Bytes } from "../../src/base/bytes.ts";
import { aim, median, printTable } from "./beside.ts";
import { fillMailbox, makeAccounts, TEMPLATES } from "./fill_store.ts";
import { BenchClient } from "./imap/client.ts";
import { startPalomar } from "./peers/palomar.ts";

const ROUNDS = Number(Deno.env.get("BENCH_ROUNDS") ?? 60);
/** How many times what it costs in the small one it may cost. */
const AIM = 1.5;

/** One mailbox with two sessions that look at it: one that works, and one that hears of it. */
interface Box {
  readonly worker: BenchClient;
  readonly other: BenchClient;
  count: number;
}

type Step = readonly [name: string, run: (box: Box, round: number) => Promise<number>];

const MESSAGE = "From: a@there.example\r\nSubject: One more\r\nMessage-ID: <N@bench.example>\r\n\r\nIt is short.\r\n";

const STEPS: readonly Step[] = [
  ["SELECT in another session, after that EXPUNGE", ({ other }) => timed(other, "SELECT INBOX")],
  ["SELECT in another session, warm", ({ other }) => timed(other, "SELECT INBOX")],
  ["APPEND", async (box, round) => {
    const message = MESSAGE.replace("N", `${Date.now()}.${round}`);
    const took = await timed(box.worker, latin1Bytes(`APPEND INBOX {${message.length}+}\r\n${message}`));
    box.count++;
    return took;
  }],
  ["STORE of a flag", ({ worker, count }, round) => {
    return timed(worker, `STORE ${middle(count, round)} ${round % 2 ? "+" : "-"}FLAGS.SILENT (\\Flagged)`);
  }],
  ["FETCH of the last 50", ({ worker, count }) => {
    return timed(worker, `FETCH ${count - 49}:${count} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)`);
  }],
  ["FETCH of 50 in the middle", ({ worker, count }, round) => {
    const from = middle(count, round);
    return timed(worker, `FETCH ${from}:${from + 49} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)`);
  }],
  ["EXPUNGE of one", async (box, round) => {
    await box.worker.ask(`STORE ${middle(box.count, round)} +FLAGS.SILENT (\\Deleted)`);
    const took = await timed(box.worker, "EXPUNGE");
    box.count--;
    return took;
  }],
  ["NOOP of the other, with that news", ({ other }) => timed(other, "NOOP")],
  ["STATUS", ({ worker }) => timed(worker, "STATUS INBOX (MESSAGES UNSEEN UIDNEXT SIZE)")],
];

/** Somewhere before the middle, another place each round. */
function middle(count: number, round: number): number {
  return Math.floor(count / 3) + round * 3;
}

async function timed(client: BenchClient, command: string | Uint8Array): Promise<number> {
  return (await client.ask(command)).ms;
}

export async function mailbox(): Promise<void> {
  const large = Number(Deno.env.get("BENCH_MESSAGES") ?? 1_000_000);
  const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
  try {
    const began = performance.now();
    await makeAccounts(`${folder}/data`, 2, 2);
    fillMailbox(`${folder}/data`, 2, large);
    console.log(`  ${large} messages: filled in ${((performance.now() - began) / 1000).toFixed(0)} s`);
    const peer = await startPalomar(folder, 21725, { accounts: "there" });
    try {
      await measure(peer.imapPort, large);
    } finally {
      await peer.stop();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(port: number, large: number): Promise<void> {
  const boxes: Box[] = [];
  for (const [user, count] of [[1, TEMPLATES], [2, large]] as const) {
    const [worker, other] = [await BenchClient.connect(port, user), await BenchClient.connect(port, user)];
    const cold = await timed(worker, "SELECT INBOX");
    console.log(`  first SELECT of ${count}: ${cold.toFixed(0)} ms`);
    await other.ask("SELECT INBOX");
    boxes.push({ worker, other, count });
  }
  const times = STEPS.map(() => boxes.map(() => [] as number[]));
  const warmUp = 5;
  for (let round = 0; round < ROUNDS + warmUp; round++) {
    for (const [at, [, run]] of STEPS.entries()) {
      for (const [b, box] of boxes.entries()) {
        const took = await run(box, round);
        if (round >= warmUp) times[at]![b]!.push(took);
      }
    }
  }
  printTable(
    ["step", "1,000, ms", `${large.toLocaleString("en")}, ms`, "times", "aim"],
    STEPS.map(([name], at) => {
      const [small, big] = times[at]!.map(median) as [number, number];
      return [name, small.toFixed(2), big.toFixed(2), (big / small).toFixed(2), aim(-big / small, -AIM, String(AIM))];
    }),
  );
  for (const { worker, other } of boxes) for (const client of [worker, other]) client.close();
}
