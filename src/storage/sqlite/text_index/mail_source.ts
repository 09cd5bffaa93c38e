/** The store's emails, read by a connection of its own that writes nothing. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Part } from "../../../message/model.ts";
import { segmentName } from "../segments.ts";
import { Statements } from "../statements.ts";

/** What is indexed of an email. */
export interface SourceEmail {
  readonly id: number;
  /** First octets of the blob's hash. */
  readonly mark: string;
  readonly prefix: Uint8Array;
  readonly headerEnd: number;
  readonly root: Part;
  readonly read: (start: number, end: number) => Uint8Array;
}

const EMAIL =
  "select e.id, hex(substr(e.hash, 1, 8)), e.prefix, e.header_end, b.structure, b.size, b.segment, b.start, " +
  "b.data from emails e join blobs b on b.id = e.blob where e.id = ?";
const OPEN_SEGMENTS = 16;

export class MailSource {
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #folder: string;
  readonly #segments = new Map<number, number>();

  constructor(dataDir: string) {
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

  email(id: number): SourceEmail | null {
    const cells = this.#sql.get(EMAIL, id);
    if (!cells) return null;
    const [, mark, prefix, headerEnd, structure, size, segment, start, data] = cells as unknown as [
      number,
      string,
      Uint8Array,
      number,
      string,
      number,
      number | null,
      number,
      Uint8Array | null,
    ];
    const read = (from: number, to: number) =>
      data ? data.subarray(from, to) : this.#read(segment!, start + from, Math.max(0, Math.min(to, size) - from));
    return { id, mark, prefix, headerEnd, root: JSON.parse(structure), read };
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
