// deno-lint-ignore-file no-console -- a program for a terminal
/**
 * The stress test for as long as one likes: `deno run --allow-all tests/imap/stress_main.ts [SECONDS] [SEED] [tcp]`. Prints
 * each seed that found a difference with the dialogue before it, and exits with 1 if there was any.
 */
import { openSqlite } from "../../mod.ts";
import { tempDir } from "../storage/scene.ts";
import { stress } from "./stress.ts";

const seconds = Number(Deno.args[0] ?? 60);
let seed = Number(Deno.args[1] ?? 1000);
const tcp = Deno.args[2] === "tcp";
const end = performance.now() + seconds * 1000;
let runs = 0;
let differences = 0;
while (performance.now() < end) {
  const folder = seed % 2 === 0 ? tempDir() : null;
  try {
    await stress(seed, 600, folder === null ? undefined : await openSqlite({ dataDir: folder.path }), tcp);
  } catch (error) {
    differences++;
    console.error(String((error as Error).message));
  } finally {
    folder?.remove();
  }
  runs++;
  seed++;
}
console.log(`${runs} runs of 600 steps up to seed ${seed - 1}: ${differences} differences`);
Deno.exit(differences === 0 ? 0 : 1);
