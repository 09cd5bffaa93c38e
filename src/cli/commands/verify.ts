import { resolve } from "node:path";
import { expectReachable, placeOfStore, type StorePlace, verifyAny } from "../../server/store_copies.ts";
import type { Finding, Repair } from "../../storage/verify/finding.ts";
import type { Admin } from "../admin.ts";
import { withBackup } from "../backup_file.ts";
import { type Command, type Invocation, JSON_OPTION } from "../command.ts";
import { EXIT, Exit, usage } from "../exit.ts";
import { Progress } from "../progress.ts";
import { printable } from "../table.ts";

/** More are counted, and not kept. */
const KEPT = 10_000;
const BATCH = 100;

export const verify: Command = {
  words: ["verify"],
  operands: "[FOLDER]",
  least: 0,
  most: 1,
  summary: "Check the whole store, or a backup, and repair what can be made anew",
  about:
    "Counters, UIDs and modseqs, everything that refers to something, every message's hash and index, the index of texts.\n" +
    "It reads while the server runs and does not hold it up. Exit code 0: all is well, or was repaired; 1: it is not.",
  examples: ["palomar verify", "palomar verify --repair", "palomar verify /srv/backup --quick --json"],
  options: [
    { name: "repair", help: "make right what can be made anew from what is there" },
    { name: "quick", help: "do not read the messages: no hashes, no indexes" },
    JSON_OPTION,
  ],
  async run(invocation) {
    const { operands: [folder], options, io } = invocation;
    if (folder !== undefined && options.has("repair")) {
      throw usage("--repair is for the store of the server; a backup is written anew by palomar backup");
    }
    if (folder === undefined) return await verifyAt(await storePlace(invocation), invocation);
    const config = await invocation.config();
    return await withBackup(
      resolve(io.cwd, folder),
      config.dataDir,
      io,
      (unpacked) => verifyAt(placeOfFolder(unpacked, config), invocation),
    );
  },
};

async function verifyAt(place: StorePlace, invocation: Invocation): Promise<number> {
  const { options, io } = invocation;
  const { findings, count } = await look(invocation, place);
  const corrected = options.has("repair") ? await repairAll(invocation, findings) : [];
  const left = options.has("repair") ? findings.filter(({ repair }) => repair === null).length : count;
  if (options.has("json")) {
    io.out(JSON.stringify({ folder: placeOfStore(place), found: count, left, findings, corrected }, null, 2) + "\n");
  } else {
    for (const line of corrected) io.out(`repaired: ${printable(line)}\n`);
    io.err(
      count === 0
        ? "All is well.\n"
        : `${count} found${options.has("repair") ? `, ${left} left` : ""}.${
          count > KEPT ? " Look again after a repair." : ""
        }\n`,
    );
  }
  return left > 0 || count > KEPT ? EXIT.refused : EXIT.ok;
}

/** Where the store is; ends the command where it is no folder. */
export async function storeFolder({ config }: Invocation): Promise<string> {
  const { dataDir, storage } = await config();
  if (storage.driver === "sqlite") return dataDir;
  if (storage.driver === "postgres") {
    throw new Exit(
      EXIT.refused,
      "an upgrade of PostgreSQL's tables is undone by the backup from before it: with the older program, " +
        "palomar restore FOLDER --replace",
    );
  }
  throw new Exit(EXIT.refused, `storage.driver is "${storage.driver}": this command is for stores of SQLite`);
}

/** The store of the configuration; ends the command where no other process can reach it. */
export async function storePlace({ config }: Invocation): Promise<StorePlace> {
  const place = await config();
  try {
    expectReachable(place);
  } catch (error) {
    throw new Exit(EXIT.refused, (error as Error).message);
  }
  return place;
}

/** A backup, which is a folder of SQLite whatever it was made from, with the keys of the store. */
export function placeOfFolder(dataDir: string, { storage: { encryption } }: StorePlace): StorePlace {
  return { dataDir, storage: { driver: "sqlite", url: null, ...(encryption && { encryption }) } };
}

/** Keys that the configuration names; ends the command where they cannot be read. */
export async function storeKeys({ config }: Invocation): Promise<readonly Uint8Array[]> {
  const { packingOf } = await import("../../server/store_packing.ts");
  try {
    return (await packingOf((await config()).storage)).keys ?? [];
  } catch (error) {
    throw new Exit(EXIT.refused, (error as Error).message);
  }
}

async function look({ options, io }: Invocation, place: StorePlace): Promise<{ findings: Finding[]; count: number }> {
  const progress = new Progress(io);
  const findings: Finding[] = [];
  let count = 0;
  try {
    for await (const event of verifyAny(place, options.has("quick"))) {
      if (event.type === "progress") progress.show(event.part, event.done, event.total, event.part === "blobs");
      else {
        if (++count <= KEPT) findings.push(event.finding);
        if (options.has("json")) continue;
        progress.clear();
        const { where, problem, advice } = event.finding;
        io.out(printable(`${where}: ${problem} (${advice})`) + "\n");
      }
    }
  } catch (error) {
    throw new Exit(EXIT.temporary, (error as Error).message);
  } finally {
    progress.clear();
  }
  return { findings, count };
}

async function repairAll({ admin }: Invocation, findings: readonly Finding[]): Promise<string[]> {
  const repairs = findings.flatMap(({ repair }) => repair ?? []);
  if (repairs.length === 0) return [];
  const corrected: string[] = [];
  const house = await admin();
  for (const request of requests(repairs)) {
    const answer = await house.request("POST", "/store/repair", request) as { corrected: string[] };
    corrected.push(...answer.corrected);
  }
  return corrected;
}

/** Requests of a bounded size; each account and each message once, rows first. */
function* requests(repairs: readonly Repair[]): Generator<Parameters<Admin["request"]>[2]> {
  const blobs = new Set<string>();
  const orphans = new Map<string, string[]>();
  for (const one of repairs) {
    if (one.repair === "blob") blobs.add(one.blobId);
    if (one.repair !== "account") continue;
    const known = orphans.get(one.accountId) ?? [];
    if (one.orphan !== undefined) known.push(one.orphan);
    orphans.set(one.accountId, known);
  }
  if (repairs.some(({ repair }) => repair === "rows")) yield { rows: true };
  const named = [...blobs];
  for (let at = 0; at < named.length; at += BATCH) yield { blobs: named.slice(at, at + BATCH) };
  for (const [accountId, all] of orphans) {
    for (let at = 0; at === 0 || at < all.length; at += BATCH) {
      yield { accounts: [{ accountId, orphans: all.slice(at, at + BATCH) }] };
    }
  }
  if (repairs.some(({ repair }) => repair === "texts")) yield { texts: true };
}
