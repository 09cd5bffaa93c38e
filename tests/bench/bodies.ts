/** Messages of 64 KB, 1 MB and 20 MB, durable and in the mailbox: octets a second beside the peers, in turns. */
import { aim, type Cell, inTurns, type Measured, megabytes, printTable, sizeName } from "./beside.ts";

const KB = 1024;
const CELLS: readonly Cell[] = [
  {
    connections: 10,
    size: 64 * KB,
    messages: { palomar: 5_000, "smtp-server": 2_500, "postfix+dovecot": 500, bound: 12_000 },
  },
  {
    connections: 4,
    size: 1024 * KB,
    messages: { palomar: 600, "smtp-server": 500, "postfix+dovecot": 120, bound: 1_500 },
  },
  {
    connections: 2,
    size: 20 * 1024 * KB,
    messages: { palomar: 40, "smtp-server": 40, "postfix+dovecot": 12, bound: 60 },
  },
];

export async function bodies(rounds: number): Promise<void> {
  const only = Deno.env.get("BENCH_ONLY")?.split(",");
  const all = await inTurns(CELLS.filter(({ size }) => !only || only.includes(sizeName(size))), rounds);
  printTable(
    ["size", "connections", "server", "MB/s", "Palomar is", "CPU a message", "aim"],
    all.map((one) => [
      sizeName(one.size),
      String(one.connections),
      one.name,
      megabytes(one.rate, one.size),
      one.name === "palomar" ? "" : `${one.ratio.toFixed(2)} times`,
      `${one.cpu.toFixed(2)} ms`,
      aimOf(one),
    ]),
  );
}

function aimOf({ name, ratio }: Measured): string {
  if (name === "palomar") return "";
  return name === "bound" ? aim(ratio, 0.5, "0.5") : aim(ratio, 1, "1");
}
