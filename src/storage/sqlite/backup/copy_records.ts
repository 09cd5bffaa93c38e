/**
 * Copies bodies of the segment log from one folder to another, record by record, each compared with its hash on the
 * way. Only records that a row names are copied; what lies between them was never acknowledged or is gone.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { BlobId } from "../../../contract/mod.ts";
import { type BodyPacking, PlainHash } from "../../packing/mod.ts";
import { RECORD_HEADER, segmentName } from "../segments.ts";
import { Statements } from "../statements.ts";

const PIECE = 1024 * 1024;

/** A body whose octets are not what its row says. */
export interface DamagedBody {
  readonly blobId: BlobId;
  readonly problem: string;
}

export interface CopiedRecords {
  /** Octets that were copied, and those that were there already. */
  readonly copied: number;
  readonly kept: number;
  readonly damaged: readonly DamagedBody[];
  /** Segments that were written anew beside what was there, as `NAME.new`. */
  readonly renewed: readonly number[];
}

interface Wanted {
  readonly hash: Uint8Array;
  readonly size: number;
  /** Octets that lie there, and their table. */
  readonly stored: number;
  readonly packing: Uint8Array | null;
  readonly segment: number;
  readonly start: number;
  /** It is in the old copy, at the same place. */
  readonly there: boolean;
}

export interface CopyOptions {
  /** Knows what is to be copied; `old` may be attached to it, the database of an earlier copy in the same folder. */
  readonly db: DatabaseSync;
  readonly hasOld: boolean;
  /** Reads packed bodies, which are copied as they are. */
  readonly packing: BodyPacking;
  readonly from: string;
  readonly to: string;
  readonly tell: (done: number, total: number) => void;
}

/** Everything it wrote is durable when it returns, under names that `CopiedRecords.renewed` tells. */
export function copyRecords({ db, hasOld, packing, from, to, tell }: CopyOptions): CopiedRecords {
  const sql = new Statements(db);
  const total = Number(
    sql.get(`select coalesce(sum(${storedOf(sql, "main", "n")}), 0) from main.blobs n where segment is not null`)![0],
  );
  let [copied, kept] = [0, 0];
  const damaged: DamagedBody[] = [];
  const renewed: number[] = [];
  for (const [segment] of sql.all("select distinct segment from main.blobs where segment is not null order by 1")) {
    const id = segment as number;
    const isAnew = hasOld && overwrites(sql, id);
    if (isAnew) renewed.push(id);
    const target = join(to, segmentName(id) + (isAnew ? ".new" : ""));
    const copy = new SegmentCopy(join(from, segmentName(id)), target, isAnew, packing);
    try {
      for (const record of recordsOf(db, id, hasOld)) {
        if (record.there && !isAnew && copy.holds(record)) kept += record.stored;
        else {
          const problem = copy.take(record);
          if (problem !== null) damaged.push({ blobId: "b" + record.hash.toHex() as BlobId, problem });
          copied += record.stored;
        }
        tell(copied + kept, total);
      }
      copy.sync();
    } finally {
      copy.close();
    }
  }
  return { copied, kept, damaged, renewed };
}

/**
 * Whether something new lies before the end of what the old copy names: the place was cut off and used again, and
 * the old copy must stay whole until the new one is.
 */
function overwrites(sql: Statements, segment: number): boolean {
  const end = sql.get(`select max(start + ${storedOf(sql, "old", "o")}) from old.blobs o where segment = ?`, segment)
    ?.[0] as number | null;
  if (end === null) return false;
  const query = `select 1 from main.blobs n where n.segment = ? and n.start - ${RECORD_HEADER} < ? and not exists ` +
    "(select 1 from old.blobs o where o.hash = n.hash and o.segment = n.segment and o.start = n.start) limit 1";
  return sql.get(query, segment, end) !== undefined;
}

function* recordsOf(db: DatabaseSync, segment: number, hasOld: boolean): Generator<Wanted> {
  const there = hasOld
    ? "exists (select 1 from old.blobs o where o.hash = n.hash and o.segment = n.segment and o.start = n.start)"
    : "0";
  const sql = new Statements(db);
  const statement = db.prepare(
    `select n.hash, n.size, ${storedOf(sql, "main", "n")} as stored, ${
      packingColumn(sql, "main") ?? "null"
    } as packing, ` +
      `n.start, ${there} as there from main.blobs n where n.segment = ? order by n.start`,
  );
  for (const row of statement.iterate(segment)) {
    const { there, ...rest } = row as unknown as Omit<Wanted, "segment" | "there"> & { readonly there: number };
    yield { ...rest, segment, there: there !== 0 };
  }
}

/** The name of the column that a database of an older version has not; null there. */
export function packingColumn(sql: Statements, schema: "main" | "old" | "newer"): string | null {
  return sql.get(`select name from pragma_table_info('blobs', '${schema}') where name = 'packing'`)?.[0] as string ??
    null;
}

function storedOf(sql: Statements, schema: "main" | "old", alias: string): string {
  return packingColumn(sql, schema) === null ? `${alias}.size` : `coalesce(${alias}.stored, ${alias}.size)`;
}

class SegmentCopy {
  readonly #from: string;
  readonly #to: Deno.FsFile;
  readonly #size: number;
  readonly #packing: BodyPacking;
  readonly #buffer = new Uint8Array(PIECE);
  #source: number | null = null;
  #isWritten = false;

  constructor(from: string, to: string, isAnew: boolean, packing: BodyPacking) {
    this.#packing = packing;
    this.#from = from;
    this.#to = Deno.openSync(to, { create: true, write: true, truncate: isAnew, mode: 0o600 });
    this.#size = this.#to.statSync().size;
  }

  /** Whether the copy reaches as far. */
  holds({ start, stored }: Wanted): boolean {
    return this.#size >= start + stored;
  }

  /** Copies a record with its head; answers what is wrong with it. */
  take(record: Wanted): string | null {
    const { hash, start } = record;
    this.#isWritten = true;
    try {
      this.#source ??= openSync(this.#from, "r");
      this.#to.seekSync(start - RECORD_HEADER, Deno.SeekMode.Start);
      const sum = new PlainHash(this.#packing, record.packing, hash, record.size);
      for (let at = -RECORD_HEADER; at < record.stored;) {
        const got = readSync(
          this.#source,
          this.#buffer,
          0,
          at < 0 ? RECORD_HEADER : Math.min(PIECE, record.stored - at),
          start + at,
        );
        if (got === 0) return "its octets are not whole";
        const piece = this.#buffer.subarray(0, got);
        if (at >= 0) sum.update(piece);
        for (let done = 0; done < got;) done += this.#to.writeSync(piece.subarray(done));
        at += got;
      }
      return sum.hex() === hash.toHex() ? null : "its octets are damaged: their hash is another";
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "ENOENT") {
        return "its segment is not there";
      }
      throw error;
    }
  }

  sync(): void {
    if (this.#isWritten) this.#to.syncSync();
  }

  close(): void {
    this.#to.close();
    if (this.#source !== null) closeSync(this.#source);
  }
}
