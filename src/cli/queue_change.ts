import type { Command } from "./command.ts";
import { EXIT, Exit, usage } from "./exit.ts";
import { heldNote } from "./queue_rows.ts";

/** Ids of one request. */
const PAGE = 1000;

/** A command that changes rows of the queue: `queue retry` and its like differ in words only. */
export function queueChange(
  change: "retry" | "hold" | "release" | "remove",
  words: { readonly summary: string; readonly about?: string; readonly done: string },
): Command {
  return {
    words: ["queue", change],
    operands: "[ID…]",
    least: 0,
    most: 100_000,
    summary: words.summary,
    ...(words.about !== undefined && { about: words.about }),
    examples: [`palomar queue ${change} q1 q2`, `palomar queue ${change} --all`],
    options: [{ name: "all", help: "everything that waits" }],
    async run({ operands, options, admin, config, io }) {
      const all = options.has("all");
      if (all === operands.length > 0) throw usage("give the IDs that queue list shows, or --all");
      const server = await admin();
      let changed = 0;
      for (let at = 0; all ? at === 0 : at < operands.length; at += PAGE) {
        const ids = all ? "all" : operands.slice(at, at + PAGE);
        const answer = await server.request("POST", "/queue/change", { change, ids }) as { changed: number };
        changed += answer.changed;
      }
      if (changed === 0 && !all) {
        throw new Exit(EXIT.refused, "nothing was changed: none of these ids waits, or it is so already");
      }
      io.out(`${changed} ${words.done}.\n`);
      if (change === "retry" || change === "release") io.err(heldNote(await config()));
    },
  };
}
