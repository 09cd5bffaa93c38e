/** 4 KB messages, durably accepted and in the mailbox: Palomar beside its peers, in turns, in one run. */
import { aim, type Cell, inTurns, printTable } from "./beside.ts";

const SIZE = 4096;
const CELLS: readonly Cell[] = [
  cell(1, { palomar: 1_500, "smtp-server": 1_000, "postfix+dovecot": 200, bound: 4_000 }),
  cell(10, { palomar: 8_000, "smtp-server": 3_000, "postfix+dovecot": 500, bound: 30_000 }),
  cell(50, { palomar: 12_000, "smtp-server": 3_000, "postfix+dovecot": 600, bound: 60_000 }),
  cell(200, { palomar: 12_000, "smtp-server": 3_000, "postfix+dovecot": 600, bound: 60_000 }),
];
/** Milliseconds of processor a message: twice what smtp-server with its sink took when the aim was set. */
const CPU_AIM = 1.06;

function cell(connections: number, messages: Cell["messages"]): Cell {
  return { connections, size: SIZE, messages };
}

export async function ingest(rounds: number): Promise<void> {
  const only = Deno.env.get("BENCH_ONLY")?.split(",").map(Number);
  const cells = CELLS.filter(({ connections }) => !only || only.includes(connections));
  const all = await inTurns(cells, rounds);
  printTable(
    ["4 KB, connections", "server", "messages/s", "Palomar is", "CPU a message", "aim"],
    all.map(({ connections, name, rate, ratio, cpu }) => [
      String(connections),
      name,
      rate.toFixed(0),
      name === "palomar" ? "" : `${ratio.toFixed(2)} times`,
      `${cpu.toFixed(2)} ms`,
      name === "bound" ? aim(ratio, 0.3, "0.3") : name === "palomar" ? aim(-cpu, -CPU_AIM, `${CPU_AIM} ms of CPU`) : "",
    ]),
  );
}
