import type { Admin } from "./admin.ts";
import type { Command, Invocation, Option } from "./command.ts";
import { EXIT, Exit, usage } from "./exit.ts";
import { heldNote } from "./queue_rows.ts";

/** Ids of one request. */
const PAGE = 1000;
/** Rows of one request where all are meant: about a second. */
const MOST = 10_000;
/** From when on a person is told how far it came. */
const PATIENCE_MS = 1000;

export const CHOICE_OPTIONS: readonly Option[] = [
  { name: "all", help: "everything that waits" },
  { name: "domain", value: "DOMAIN", help: "all that waits for this domain" },
];

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
    options: CHOICE_OPTIONS,
    async run(invocation) {
      const { operands, io, config } = invocation;
      const changed = await changeRows(invocation, operands, "/queue/change", { change });
      io.out(`${changed} ${words.done}.\n`);
      if (change === "retry" || change === "release") io.err(heldNote(await config()));
    },
  };
}

/**
 * Asks for a change of these rows, or of those that `--all` or `--domain` mean, in requests of bounded size; says how
 * far it came where that takes long. Answers how many were changed; none of the ids is a refusal.
 */
export async function changeRows(
  { options, admin, io }: Invocation,
  ids: readonly string[],
  path: "/queue/change" | "/queue/reroute",
  request: Readonly<Record<string, unknown>>,
): Promise<number> {
  const [all, domain] = [options.has("all"), options.get("domain")];
  if (Number(all) + Number(domain !== undefined) + Number(ids.length > 0) !== 1) {
    throw usage("give the IDs that queue list shows, --domain or --all");
  }
  const server = await admin();
  let changed = 0;
  if (ids.length > 0) {
    for (let at = 0; at < ids.length; at += PAGE) {
      changed += (await page(server, path, { ...request, ids: ids.slice(at, at + PAGE) })).changed;
    }
    if (changed > 0) return changed;
    throw new Exit(EXIT.refused, "nothing was changed: none of these ids waits, or it is so already");
  }
  const began = Date.now();
  let seen = 0;
  let told = false;
  for (let after: string | null = null;;) {
    const choice = {
      ids: "all",
      most: MOST,
      ...(domain !== undefined && { domain }),
      ...(after !== null && { after }),
    };
    const done = await page(server, path, { ...request, ...choice });
    changed += done.changed;
    after = done.next;
    if (after === null) break;
    seen += MOST;
    told = io.interactive && Date.now() - began > PATIENCE_MS;
    if (told) io.err(`\r${seen} looked at, ${changed} changed`);
  }
  if (told) io.err("\n");
  return changed;
}

async function page(server: Admin, path: string, request: unknown): Promise<{ changed: number; next: string | null }> {
  return await server.request("POST", path, request) as { changed: number; next: string | null };
}
