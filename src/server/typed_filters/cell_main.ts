/**
 * The program of a process that runs filters. It has no permissions at all: it reads jobs from stdin and writes answers
 * to stdout, a line of JSON each, and ends with stdin. Its arguments are the bounds of a job: milliseconds of the
 * processor and octets of memory.
 */
import { setImmediate } from "node:timers";
import { watcher } from "./cell_watch.ts";
import { type FilterJob, runInRealm } from "./realm.ts";

const encoder = new TextEncoder();

function say(value: unknown): void {
  let octets = encoder.encode(JSON.stringify(value) + "\n");
  while (octets.length > 0) octets = octets.subarray(Deno.stdout.writeSync(octets));
}

// Promises that a filter leaves behind would end the process.
addEventListener("unhandledrejection", (event) => event.preventDefault());
// The first realm takes long; nobody's time is counted by it.
await runInRealm({ source: "export default () => [];", input: "[]" });
const watch = await watcher(Number(Deno.args[0]), Number(Deno.args[1]));
say("up");
let held = "";
for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (held + chunk).split("\n");
  held = lines.pop() ?? "";
  for (const line of lines) {
    watch.postMessage("begin");
    const answer = await runInRealm(JSON.parse(line) as FilterJob);
    // What it left to be done later is done now, in its own time.
    await new Promise<void>((done) => setImmediate(done));
    say(answer);
    watch.postMessage("end");
  }
}
watch.terminate();
