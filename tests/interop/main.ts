// deno-lint-ignore-file no-console
/**
 * `deno task interop [NAME…] [--messages N] [--rounds N]`: runs real clients, servers and attackers against Palomar as a
 * process. A NAME chooses the scenarios whose names contain it; `--list` shows them. What is not installed is skipped.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Palomar, startPalomar } from "./palomar.ts";
import { type Scenario, Stage } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    help: { type: "boolean", short: "h" },
    list: { type: "boolean" },
    keep: { type: "boolean" },
    messages: { type: "string", default: "300" },
    rounds: { type: "string", default: "3" },
  },
});
const sizes = { messages: Number(values.messages), rounds: Number(values.rounds) };
const chosen = SCENARIOS.filter(({ name }) =>
  positionals.length === 0 || positionals.some((part) => name.includes(part))
);
const USAGE = "usage: deno task interop [--list] [--keep] [--messages N] [--rounds N] [NAME…]";
if (values.help) {
  console.log(USAGE);
  Deno.exit(0);
}
if (values.list) {
  for (const { name } of chosen) console.log(name);
  Deno.exit(0);
}
if (chosen.length === 0 || !Number.isInteger(sizes.messages) || !Number.isInteger(sizes.rounds)) {
  console.error(USAGE);
  Deno.exit(2);
}

const folder = await Deno.makeTempDir({ prefix: "palomar-interop-" });
await Deno.chmod(folder, 0o755); // Postfix's own users go below it
const count = { passed: 0, failed: 0, skipped: 0 };
let palomar: Palomar | null = null;
try {
  await Deno.mkdir(join(folder, "palomar"));
  palomar = await startPalomar(join(folder, "palomar"), "pigeon.test");
  for (const [index, scenario] of chosen.entries()) await play(scenario, index, palomar);
} finally {
  await palomar?.stop();
  if (values.keep) console.log(`kept: ${folder}`);
  else await Deno.remove(folder, { recursive: true }).catch(() => {});
}
if (count.skipped > 0) console.log(`${count.skipped} skipped`);
console.log(`${count.passed} passed, ${count.failed} failed`);
Deno.exit(count.failed > 0 ? 1 : 0);

async function play(scenario: Scenario, index: number, palomar: Palomar): Promise<void> {
  const missing = whatIsMissing(scenario);
  if (missing !== null) {
    count.skipped++;
    console.log(`skipped  ${scenario.name}: ${missing}`);
    return;
  }
  const began = performance.now();
  const own = join(folder, `scenario-${index}`);
  await Deno.mkdir(own);
  const seconds = scenario.seconds ?? 60;
  const timeUp = new AbortController();
  const stage = new Stage(palomar, own, sizes, timeUp.signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      timeUp.abort();
      reject(new Error(`not done after ${seconds} s`));
    }, seconds * 1000);
  });
  const logged = palomar.log.length;
  try {
    const work = scenario.run(stage);
    work.catch(() => {}); // may fail once more when its time is up
    const remark = await Promise.race([work, late]);
    const bug = palomar.log.slice(logged).find((line) => line.includes(".bug"));
    if (bug !== undefined) throw new Error(`the server logged a bug: ${bug}`);
    count.passed++;
    const took = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`ok       ${scenario.name} (${remark ? `${remark}; ` : ""}${took} s)`);
  } catch (error) {
    count.failed++;
    console.log(`FAILED   ${scenario.name}: ${indent((error as Error).stack ?? String(error))}`);
  } finally {
    clearTimeout(timer);
    await stage.end();
  }
}

function whatIsMissing({ needs = [], root = false }: Scenario): string | null {
  const absent = needs.filter((program) => !isOnPath(program));
  if (absent.length > 0) return `needs ${absent.join(", ")}`;
  return root && Deno.uid() !== 0 ? "needs root" : null;
}

function isOnPath(program: string): boolean {
  const onPath = (Deno.env.get("PATH") ?? "").split(":").concat("/usr/sbin", "/sbin");
  const folders = program.startsWith("/") ? [""] : onPath; // a file that is no command
  return folders.some((path) => {
    try {
      return Deno.statSync(join(path, program)).isFile;
    } catch {
      return false;
    }
  });
}

function indent(text: string): string {
  return text.replaceAll("\n", "\n         ");
}
