/**
 * Looks, from a thread of its own, at what the process of a filter takes: the filter holds its own thread for as long as
 * it runs, and whoever started the process may not look into it (that takes all permissions there are).
 */

/** How often it looks, milliseconds. */
const EVERY_MS = 20;

/** What a process takes besides what the filter does: code that is read when it is first used, the young generation. */
const BESIDES = 64 << 20;

/** Whoever should have ended it by then is gone. Nothing is permitted here but to fill the heap, which ends the process. */
const ORPHAN_MS = 2_000;

/** The thread says `"over"` in a line, once; then the process is ended. A data URL needs no permission to be read. */
function program(timeMs: number, memory: number, everyMs: number): string {
  return `
import process from "node:process";
const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
const most = Deno.memoryUsage().rss + ${memory};
const fill = () => { for (const all = [];;) all.push(Array(10_000).fill(used())); };
let from = 0, looks = 0, timer;
const look = () => {
  if (used() - from >= ${timeMs} || Deno.memoryUsage().rss > most) {
    clearInterval(timer);
    setTimeout(fill, ${ORPHAN_MS});
    Deno.stdout.writeSync(new TextEncoder().encode('"over"\\n'));
  } else if (looks > 0 && --looks === 0) clearInterval(timer);
};
onmessage = ({ data }) => {
  from = used();
  looks = data === "end" ? ${Math.ceil((2 * timeMs) / everyMs)} : 0; // what goes on behind its answer is not free
  clearInterval(timer);
  timer = setInterval(look, ${everyMs});
};
postMessage("up");
`;
}

/** Told `begin` and `end` of a job. `timeMs` is of the processor, `memory` octets. */
export async function watcher(timeMs: number, memory: number): Promise<Worker> {
  const source = program(timeMs, memory + BESIDES, EVERY_MS);
  const watch = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
  await new Promise((resolve) => watch.onmessage = resolve);
  return watch;
}
