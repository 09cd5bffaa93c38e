/** The store's emails, read by a connection of its own that writes nothing. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Envelope, Part } from "../../../message/model.ts";
import type { BodyPacking } from "../../packing/mod.ts";
import { segmentName } from "../segments.ts";
import { Statements } from "../statements.ts";

/** What is indexed of an email. */
export interface SourceEmail {
  readonly id: number;
  /** First octets of the blob's hash. */
  readonly mark: string;
  readonly prefix: Uint8Array;
  readonly headerEnd: number;
  readonly envelope: Envelope;
  readonly references: readonly string[];
  readonly root: Part;
  readonly read: (start: number, end: number) => Uint8Array;
}

/** Columns of memberships, in the order of UIDs. */
export interface Members {
  readonly uids: number[];
  readonly emails: number[];
  readonly sizes: number[];
  readonly arrivals: number[];
  readonly dates: number[];
}

const EMAIL =
  "select e.id, hex(substr(e.hash, 1, 8)), e.prefix, e.header_end, b.structure, b.size, b.segment, b.start, " +
  "b.data, b.envelope, b.extra, b.hash, b.packing from emails e join blobs b on b.id = e.blob where e.id = ?";
const OPEN_SEGMENTS = 16;

export class MailSource {
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #folder: string;
  readonly #packing: BodyPacking;
  readonly #segments = new Map<number, number>();

  constructor(dataDir: string, packing: BodyPacking) {
    this.#packing = packing;
    this.#db = new DatabaseSync(join(dataDir, "palomar.db"), { readOnly: true, timeout: 5000 });
    this.#sql = new Statements(this.#db);
    this.#sql.exec("pragma cache_size = -4096");
    this.#folder = join(dataDir, "blobs");
  }

  /** Numbers of emails with their accounts, ascending. */
  newer(after: number, limit: number): readonly (readonly [id: number, account: number])[] {
    const sql = "select id, account from emails where id > ? order by id limit ?";
    return this.#sql.all(sql, after, limit) as unknown as readonly (readonly [number, number])[];
  }

  /** The highest number that an email ever had. */
  lastNumber(): number {
    return Number(this.#sql.get("select value from sequences where name = 'email'")?.[0] ?? 0);
  }

  /** Null where it is gone. */
  mark(id: number): string | null {
    return this.#sql.get("select hex(substr(hash, 1, 8)) from emails where id = ?", id)?.[0] as string | undefined ??
      null;
  }

  /** Memberships of these UIDs (ascending) that are there, with what SORT asks of them. */
  members(mailbox: number, uids: Uint32Array): Members {
    const sql = "select m.uid, m.email, m.size, e.internal_date, coalesce(e.sent_at, e.internal_date) " +
      "from members m join emails e on e.id = m.email where m.mailbox = ? and m.uid between ? and ? order by m.uid";
    const found: Members = { uids: [], emails: [], sizes: [], arrivals: [], dates: [] };
    let at = 0;
    for (const cells of this.#sql.all(sql, mailbox, uids[0] ?? 0, uids.at(-1) ?? 0)) {
      const uid = cells[0] as number;
      while (at < uids.length && uids[at]! < uid) at++; // gone meanwhile
      if (uids[at] !== uid) continue;
      found.uids.push(uid);
      found.emails.push(cells[1] as number);
      found.sizes.push(cells[2] as number);
      found.arrivals.push(cells[3] as number);
      found.dates.push(cells[4] as number); // RFC 5256 section 2.2: without a Date the internal date
    }
    return found;
  }

  email(id: number): SourceEmail | null {
    const cells = this.#sql.get(EMAIL, id);
    if (!cells) return null;
    const [, mark, prefix, headerEnd, structure, size, segment, start, data, envelope, extra, hash, packing] =
      cells as unknown as [
        number,
        string,
        Uint8Array,
        number,
        string,
        number,
        number | null,
        number,
        Uint8Array | null,
        string,
        string | null,
        Uint8Array,
        Uint8Array | null,
      ];
    const fetch = (at: number, length: number) =>
      data ? data.subarray(at, at + length) : this.#read(segment!, start + at, length);
    const read = (from: number, to: number) =>
      packing === null
        ? fetch(from, Math.max(0, Math.min(to, size) - from))
        : this.#packing.read({ table: packing, hash, size }, from, to, fetch);
    const [references] = extra === null ? [[]] : JSON.parse(extra);
    return {
      id,
      mark,
      prefix,
      headerEnd,
      envelope: JSON.parse(envelope),
      references,
      root: JSON.parse(structure),
      read,
    };
  }

  /** Only what SORT and THREAD ask; null where it is gone. */
  envelope(id: number): { readonly envelope: Envelope; readonly references: readonly string[] } | null {
    const cells = this.#sql.get(
      "select b.envelope, b.extra from emails e join blobs b on b.id = e.blob where e.id = ?",
      id,
    );
    if (!cells) return null;
    const references = cells[1] === null ? [] : JSON.parse(cells[1] as string)[0];
    return { envelope: JSON.parse(cells[0] as string), references };
  }

  close(): void {
    this.#forget();
    this.#db.close();
  }

  #read(segment: number, from: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const fd = this.#open(segment);
    for (let at = 0; at < length;) {
      const got = readSync(fd, bytes, at, length - at, from + at);
      if (got === 0) throw new Error(`segment ${segment} is shorter than its records`);
      at += got;
    }
    return bytes;
  }

  #open(segment: number): number {
    const known = this.#segments.get(segment);
    if (known !== undefined) return known;
    if (this.#segments.size >= OPEN_SEGMENTS) this.#forget();
    const fd = openSync(join(this.#folder, segmentName(segment)), "r");
    this.#segments.set(segment, fd);
    return fd;
  }

  #forget(): void {
    for (const fd of this.#segments.values()) closeSync(fd);
    this.#segments.clear();
  }
}
