import type { RollbackLoss, Snapshot } from "../../storage/sqlite/backup/rollback.ts";
import { type Command, type Invocation, JSON_OPTION } from "../command.ts";
import { EXIT, Exit, usage } from "../exit.ts";
import { Progress } from "../progress.ts";
import { table } from "../table.ts";
import { formatSize } from "../../server/config/units.ts";
import { storeFolder, storeKeys } from "./verify.ts";

type Rollback = typeof import("../../storage/sqlite/backup/rollback.ts");

export const rollback: Command = {
  words: ["rollback"],
  operands: "",
  least: 0,
  most: 0,
  summary: "Undo the change of tables that an upgrade made, so that the older program can run again",
  about:
    "An upgrade that changes tables keeps the database as it was before; the last two stay. This brings the newest back\n" +
    "and sets the store of now aside, whole. It says before what came since and would be lost, and asks on a terminal;\n" +
    "a script says --yes. The server must not run, and the bodies are copied, which takes room. Mailboxes that changed\n" +
    "since get a new UIDVALIDITY, and mail that waits is held, as after palomar restore. Then start the older program:\n" +
    "this one would bring the store up to date again.",
  examples: ["palomar rollback --list", "palomar rollback", "palomar rollback --to 13 --yes"],
  options: [
    { name: "list", help: "only show what there is to go back to" },
    { name: "to", value: "VERSION", help: "to this version of the tables instead of the newest snapshot" },
    { name: "yes", help: "do not ask" },
    JSON_OPTION,
  ],
  async run(invocation) {
    const { options, io } = invocation;
    const to = options.get("to");
    if (to !== undefined && !/^\d{1,6}$/.test(to)) throw usage("--to takes a version, as --list shows it");
    const dataDir = await storeFolder(invocation);
    const { listSnapshots, ...way } = await import("../../storage/sqlite/backup/rollback.ts");
    if (!options.has("list")) return await goBack(invocation, dataDir, to === undefined ? {} : { version: +to }, way);
    const snapshots = listSnapshots(dataDir);
    if (options.has("json")) io.out(JSON.stringify(snapshots, null, 2) + "\n");
    else if (snapshots.length === 0) io.err(`There is no snapshot in ${dataDir}.\n`);
    else io.out(table(["VERSION", "MADE (UTC)", "SIZE"], snapshots.map(row)));
    return EXIT.ok;
  },
};

async function goBack(
  invocation: Invocation,
  dataDir: string,
  to: { readonly version?: number },
  { surveyRollback, rollbackStore }: Pick<Rollback, "surveyRollback" | "rollbackStore">,
): Promise<number> {
  const { options, io } = invocation;
  const keys = await storeKeys(invocation);
  const progress = new Progress(io);
  try {
    const loss = surveyRollback({ dataDir, ...to });
    io.err(words(loss));
    if (!options.has("yes")) {
      if (!io.interactive) throw new Exit(EXIT.refused, "nothing was changed; --yes goes back");
      if (await io.ask("Go back? Type yes: ") !== "yes") throw new Exit(EXIT.refused, "nothing was changed");
    }
    const tell = (done: number, total: number) => progress.show("bodies", done, total, true);
    const result = rollbackStore({ dataDir, ...to, now: () => Date.now(), keys, tell });
    progress.clear();
    const { snapshot, damaged, renewed, mailboxes, held, setAside } = result;
    if (options.has("json")) io.out(JSON.stringify({ ...result, loss }, null, 2) + "\n");
    else io.out(`${dataDir} is as it was at ${time(snapshot)} UTC, with tables of version ${snapshot.version}.\n`);
    io.err("Start the program of that version: this one would bring the store up to date again.\n");
    if (renewed > 0) io.err(`${renewed} of ${mailboxes} mailboxes are fetched anew by mail programs.\n`);
    if (held > 0) io.err(`${held} recipients that waited are held: palomar queue list --state held\n`);
    if (setAside !== null) io.err(`The newer store is in ${setAside}; remove it when you are sure.\n`);
    for (const { blobId, problem } of damaged) io.err(`${blobId}: ${problem}\n`);
    return damaged.length > 0 ? EXIT.refused : EXIT.ok;
  } catch (error) {
    progress.clear();
    if (error instanceof Exit) throw error;
    throw new Exit(EXIT.refused, (error as Error).message);
  }
}

function words({ messages, accounts, waiting, bodiless }: RollbackLoss): string {
  const lost = messages === null
    ? "The newer database cannot be read: what came since and would be missing is not known.\n"
    : `What came since is missing then: ${messages} messages, ${accounts} accounts, ${waiting} recipients that wait.\n`;
  if (bodiless === 0) return lost;
  return lost + `Of what was there before, ${bodiless} messages were removed since and their room given back: ` +
    "they come back without text.\n";
}

function row(snapshot: Snapshot): string[] {
  return [String(snapshot.version), time(snapshot), formatSize(snapshot.octets)];
}

function time({ madeAt }: Snapshot): string {
  return new Date(madeAt).toISOString().slice(0, 19).replace("T", " ");
}
