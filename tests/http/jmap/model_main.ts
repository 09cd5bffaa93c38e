// deno-lint-ignore-file no-console -- a program for a terminal
/** Runs the model for so many seconds from a seed on: `deno run --allow-all tests/http/jmap/model_main.ts SECONDS SEED`. */
import { runModel } from "./model_run.ts";

const [seconds = 60, first = 1] = Deno.args.map(Number);
const end = performance.now() + seconds * 1000;
let seed = first;
for (; performance.now() < end; seed++) {
  try {
    await runModel(seed, 120);
  } catch (error) {
    console.log(`seed ${seed}:`, error);
    Deno.exit(1);
  }
}
console.log(`${seed - first} seeds`);
