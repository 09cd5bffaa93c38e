/** The index of texts: that it has every email, and the texts that would be made of it today. */
import { Buffer } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Statements } from "../statements.ts";
import { blockOf } from "../text_index/block.ts";
import { CATALOG_VERSION } from "../text_index/catalog.ts";
import { readEntry } from "../text_index/catch_up.ts";
import { MailSource } from "../text_index/mail_source.ts";
import { SIGNATURE_OCTETS } from "../text_index/signature.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import type { StoreFiles } from "./source.ts";

const PAGE = 10_000;
const TEXTS = { repair: "texts" } as const;

export function* verifyTexts(files: StoreFiles): Generator<VerifyEvent> {
  const report = new Report("texts");
  const folder = join(files.dataDir, "index");
  let db: DatabaseSync;
  try {
    Deno.statSync(join(folder, "catalog.db"));
    db = new DatabaseSync(join(folder, "catalog.db"), { readOnly: true, timeout: 5000 });
  } catch {
    return yield report.progress(1, 1); // it is made when somebody searches
  }
  const source = new MailSource(files.dataDir, files.packing);
  try {
    const sql = new Statements(db);
    if (sql.get("pragma user_version")?.[0] !== CATALOG_VERSION) return; // made anew at the next search
    yield* verifyCoverage(files, report, sql);
    const total = Number(sql.get("select count(*) from blocks")![0]);
    let done = 0;
    for (const rows of pagesOf(sql)) {
      for (const [id] of rows) {
        const problem = blockProblem(sql, source, folder, id);
        if (problem !== null) {
          return yield report.derivable("index of texts", `block ${id}: ${problem}`, TEXTS);
        }
        yield report.progress(++done, Math.max(done, total));
      }
    }
  } catch (error) {
    yield report.derivable("index of texts", `it cannot be read: ${(error as Error).message}`, TEXTS);
  } finally {
    source.close();
    db.close();
  }
}

function* pagesOf(sql: Statements): Generator<readonly (readonly [number])[]> {
  for (let last = 0;;) {
    const rows = sql.all("select id from blocks where id > ? order by id limit 100", last);
    if (rows.length === 0) return;
    yield rows as unknown as readonly (readonly [number])[];
    last = rows[rows.length - 1]![0] as number;
  }
}

/** Every email up to where the index is must be in a block or wait for one. Eight octets an email. */
function* verifyCoverage(files: StoreFiles, report: Report, sql: Statements): Generator<VerifyEvent> {
  sql.exec("begin");
  const cursor = Number(sql.get("select value from state where name = 'cursor'")?.[0] ?? 0);
  const known: Float64Array[] = [];
  for (const [ids] of sql.all("select ids from blocks")) {
    known.push(new Float64Array((ids as Uint8Array).slice().buffer));
  }
  known.push(Float64Array.from(sql.all("select email from pending"), ([email]) => email as number));
  sql.exec("commit");
  const all = new Float64Array(known.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const some of known) {
    all.set(some, at);
    at += some.length;
  }
  all.sort();
  let missing = 0;
  let next = 0;
  for (const rows of files.pages("select id from emails where id > ? order by id limit ?", PAGE)) {
    for (const [id] of rows as unknown as readonly (readonly [number])[]) {
      if (id > cursor) break;
      while (next < all.length && all[next]! < id) next++;
      if (all[next] !== id) missing++;
    }
  }
  if (missing > 0) yield report.derivable("index of texts", `${missing} messages are in none of its blocks`, TEXTS);
}

function blockProblem(sql: Statements, source: MailSource, folder: string, id: number): string | null {
  const cells = sql.get(
    "select b.start, b.size, b.ids, b.heads, a.file, a.stop from blocks b left join accounts a on a.account = b.account " +
      "where b.id = ?",
    id,
  );
  if (!cells) return null; // swept out meanwhile
  const [start, size, idBytes, heads, file, stop] = cells as unknown as [
    number,
    number,
    Uint8Array,
    Uint8Array,
    number | null,
    number,
  ];
  if (file === null || start + size > stop) return "it lies beyond the end of its file";
  const stored = readTexts(
    join(folder, file.toString(36).padStart(8, "0") + ".text"),
    start - SIGNATURE_OCTETS,
    start + size,
  );
  if (stored === null) return sql.get("select 1 from blocks where id = ?", id) ? "its file is too short" : null;
  const ids = [...new Float64Array(idBytes.slice().buffer)];
  const entries = ids.map((email) => readEntry(source, email));
  // Of what is gone nothing is left to compare with.
  if (entries.some((entry) => typeof entry === "string")) return null;
  const fresh = blockOf(entries as Exclude<typeof entries[number], string>[]);
  const signature = new Uint8Array(fresh.signature.buffer, fresh.signature.byteOffset, fresh.signature.byteLength);
  const same = isSame(stored.subarray(SIGNATURE_OCTETS), fresh.texts) &&
    isSame(stored.subarray(0, SIGNATURE_OCTETS), signature) && isSame(heads, fresh.heads);
  return same || !sql.get("select 1 from blocks where id = ?", id) ? null : "its texts are others than are made today";
}

function readTexts(path: string, from: number, to: number): Uint8Array | null {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return null;
  }
  try {
    if (fstatSync(fd).size < to) return null;
    const bytes = new Uint8Array(to - from);
    for (let at = 0; at < bytes.length;) {
      const got = readSync(fd, bytes, at, bytes.length - at, from + at);
      if (got === 0) return null;
      at += got;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
