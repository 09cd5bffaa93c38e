// deno-lint-ignore-file no-console
/**
 * IMAP beside Dovecot, in turns, in one run: the same messages, the same client. `BENCH_MESSAGES` is the size of
 * the mailbox, `BENCH_SIDES` who takes part, `BENCH_ONLY` a part of the names of the lines that are run.
 */
import { appendCommand, type Measure, MEASURES } from "./imap/measures.ts";
import { Side, type SideName } from "./imap/side.ts";
import { dovecotMissing } from "./peers/dovecot.ts";

export async function imap(): Promise<void> {
  const count = Number(Deno.env.get("BENCH_MESSAGES") ?? 10_000);
  const only = Deno.env.get("BENCH_ONLY") ?? "";
  const folder = await Deno.makeTempDir({
    prefix: "palomar-bench-",
    dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp",
  });
  // A server that gives up root for its users has to come through to their folders.
  await Deno.chmod(folder, 0o755);
  const sides = await prepare(folder);
  try {
    for (const side of sides) await load(side, count);
    console.log(`${count} messages, median of rounds in turns; × is how many times better Palomar is`);
    for (const measure of MEASURES.filter(({ name }) => name.includes(only))) await compare(measure, sides, count);
  } finally {
    for (const side of sides) await side.stop().catch(() => {});
    await Deno.remove(folder, { recursive: true });
  }
}

async function prepare(folder: string): Promise<Side[]> {
  const missing = dovecotMissing();
  if (missing !== null) console.log(`  left out: ${missing}`);
  const named = Deno.env.get("BENCH_SIDES")?.split(",") ?? ["palomar", "maildir", "sdbox"];
  const names = (named as SideName[]).filter((name) => name === "palomar" || missing === null);
  const sides: Side[] = [];
  for (const [at, name] of names.entries()) {
    await Deno.mkdir(`${folder}/${name}`);
    const side = new Side(name, `${folder}/${name}`, 21525 + 10 * at);
    await side.start();
    sides.push(side);
  }
  return sides;
}

async function load(side: Side, count: number): Promise<void> {
  await side.client.ask("CREATE Big");
  const started = performance.now();
  for (let from = 0; from < count; from += 100) {
    await side.client.ask(appendCommand("Big", from, Math.min(100, count - from)));
  }
  console.log(`  ${side.name}: ${count} messages in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** Runs a line on all servers in turns and prints it; a server that cannot is named with what it said. */
async function compare(measure: Measure, sides: readonly Side[], count: number): Promise<void> {
  const values = new Map<Side, number[] | string>(sides.map((side) => [side, []]));
  for (let round = 0; round < measure.rounds; round++) {
    for (const side of sides) {
      const so = values.get(side)!;
      if (typeof so === "string") continue;
      try {
        so.push(await measure.run(side, count));
      } catch (error) {
        values.set(side, (error as Error).message.slice(0, 120));
        await side.restart();
      }
    }
  }
  const medians = sides.map((side) => {
    const all = values.get(side)!;
    return typeof all === "string" ? all : [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
  });
  const own = medians[sides.findIndex(({ name }) => name === "palomar")];
  const cells = sides.map(({ name }, at) => {
    const value = medians[at]!;
    if (typeof value === "string") return `${name} cannot: ${value}`;
    const better = typeof own !== "number" || name === "palomar" ? "" : ` (×${ratio(measure, own, value).toFixed(2)})`;
    return `${name} ${value.toFixed(value < 10 ? 2 : 0)}${better}`;
  });
  console.log(`${measure.name}, ${measure.unit}: ${cells.join(" | ")}`);
}

function ratio({ unit }: Measure, own: number, other: number): number {
  return unit.endsWith("/s") ? own / other : other / own;
}
