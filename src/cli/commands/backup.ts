import { dirname, resolve } from "node:path";
import { formatSize } from "../../server/config/units.ts";
import { VERSION } from "../../server/version.ts";
import { backUp, type StorePlace, verifyAny } from "../../server/store_copies.ts";
import { inScratch, STREAM, writeBackupFile } from "../backup_file.ts";
import { type Command, type Invocation, JSON_OPTION } from "../command.ts";
import { EXIT, Exit, usage } from "../exit.ts";
import { Progress } from "../progress.ts";
import { placeOfFolder, storePlace } from "./verify.ts";

/** Findings that are told. */
const MOST = 20;

export const backup: Command = {
  words: ["backup"],
  operands: "[FOLDER]",
  least: 0,
  most: 1,
  summary: "Copy the whole store into a folder, while the server runs or not",
  about:
    "What was acknowledged before is in it, as of one moment. The next backup into the same folder copies what is new;\n" +
    "the one before stays good until then. Keep several: a folder a day of the week, or copies of the folder elsewhere.\n" +
    "With --file it is one file, a tar archive, or with --file - a stream (… | ssh elsewhere 'cat > x'); meanwhile it\n" +
    "needs its own size on the disk. The configuration is not in it, nor certificates and keys that you gave.\n" +
    "palomar restore brings it back.",
  examples: [
    "palomar backup /srv/backup",
    "palomar backup /srv/backup --verify --json",
    "palomar backup --file /srv/today.palomar",
    "palomar backup --file -",
  ],
  options: [
    { name: "verify", help: "read the backup again and check all of it, as palomar verify does" },
    { name: "file", value: "FILE", help: "into one new file instead of a folder; - is stdout" },
    { name: "full", help: "copy everything anew, whatever is there" },
    JSON_OPTION,
  ],
  async run(invocation) {
    const { operands: [folder], options, io } = invocation;
    const file = options.get("file");
    if ((folder === undefined) === (file === undefined)) throw usage("say either a FOLDER or --file FILE");
    const place = await storePlace(invocation);
    if (folder !== undefined) return await backUpTo(resolve(io.cwd, folder), place, invocation, (text) => io.out(text));
    const path = file === STREAM ? STREAM : resolve(io.cwd, file!);
    return await inScratch(path === STREAM ? place.dataDir : dirname(path), async (scratch) => {
      const tell = (text: string) => path === STREAM ? io.err(text) : io.out(text.replaceAll(scratch, path));
      const code = await backUpTo(scratch, place, invocation, tell);
      await writeBackupFile(scratch, path, io);
      return code;
    });
  },
};

async function backUpTo(
  target: string,
  place: StorePlace,
  { options, io }: Invocation,
  tell: (text: string) => void,
): Promise<number> {
  const progress = new Progress(io);
  const result = await backUp(place, {
    target,
    version: VERSION,
    now: () => Date.now(),
    full: options.has("full"),
    tell: (part, done, total) => progress.show(part, done, total, part !== "rows"),
  }).catch((error: Error) => {
    progress.clear();
    throw new Exit(EXIT.temporary, error.message);
  });
  const found = options.has("verify") ? await verifyBackup(target, place, progress) : [];
  progress.clear();
  const { manifest, copied, damaged } = result;
  if (options.has("json")) tell(JSON.stringify({ folder: target, ...result, found }, null, 2) + "\n");
  else {
    const octets = manifest.databaseOctets + manifest.bodyOctets;
    tell(
      `${manifest.messages} messages of ${manifest.accounts} accounts in ${target}: ${formatSize(octets)}, ` +
        `${formatSize(manifest.databaseOctets + copied)} of it copied now.\n`,
    );
  }
  for (const { blobId, problem } of damaged.slice(0, MOST)) io.err(`${blobId}: ${problem}\n`);
  for (const line of found.slice(0, MOST)) io.err(`${line}\n`);
  if (damaged.length + found.length === 0) return EXIT.ok;
  io.err(
    `${damaged.length + found.length} things are wrong: see palomar verify; ` +
      "keep the older backups, and restore what is damaged from them\n",
  );
  return EXIT.refused;
}

async function verifyBackup(target: string, place: StorePlace, progress: Progress): Promise<string[]> {
  const found: string[] = [];
  for await (const event of verifyAny(placeOfFolder(target, place), false)) {
    if (event.type === "progress") {
      progress.show(`verify ${event.part}`, event.done, event.total, event.part === "blobs");
    } else if (found.length < 1000) found.push(`${event.finding.where}: ${event.finding.problem}`);
  }
  return found;
}
