/**
 * The marks of mailboxes that were looked at lately. They are brought up to date when they are wanted: whatever happens
 * to a mailbox has a modseq above those that were seen, or leaves a tombstone that has.
 */
import type { MailboxRow } from "../engine/tables.ts";
import { Marks } from "../engine/marks.ts";
import type { Statements } from "./statements.ts";

/** Messages of all mailboxes together: 16 octets each. */
const TOTAL = 2_000_000;
/** Mailboxes, whatever their size. */
const ENTRIES = 1_000;
/** Rows that are read at once: some milliseconds. */
const PAGE = 8_000;
const LAST_UID = 4294967295;

interface Entry {
  readonly marks: Marks;
  /** Up to which modseq they are right. */
  modseq: number;
}

/** The marks of a large mailbox must be read first (`warm`), which takes longer than others should wait. */
export class ColdMarks extends Error {
  override readonly name = "ColdMarks";
  readonly row: MailboxRow;

  constructor(row: MailboxRow) {
    super("the marks of the mailbox are not in memory");
    this.row = row;
  }
}

export class MarksCache {
  readonly #sql: Statements;
  /** The one that was wanted last is the last. */
  readonly #entries = new Map<number, Entry>();
  readonly #warming = new Map<number, Promise<void>>();
  readonly #page: number;
  #total = 0;

  /** `page`: rows that are read at once. */
  constructor(sql: Statements, page: number = PAGE) {
    this.#sql = sql;
    this.#page = page;
  }

  /**
   * The marks as they are now. What is given out is not to be kept beyond this turn of the loop, its UIDs excepted.
   * Throws `ColdMarks` where that would take long.
   */
  of(row: MailboxRow): Marks {
    let entry = this.#entries.get(row.id);
    if (!this.#isQuick(row, entry)) throw new ColdMarks(row);
    if (!entry || !this.#refresh(entry, row)) {
      entry = { marks: new Marks(row.messages), modseq: row.modseq };
      for (let next: number | null = 1; next !== null;) next = this.#readPage(row.id, entry.marks, next);
    }
    this.#keep(row.id, entry);
    return entry.marks;
  }

  /** Reads the marks of a large mailbox page by page; `pause` lets others in. */
  warm(row: MailboxRow, pause: () => Promise<void>): Promise<void> {
    let warming = this.#warming.get(row.id);
    if (!warming) {
      warming = this.#warm(row, pause).finally(() => this.#warming.delete(row.id));
      this.#warming.set(row.id, warming);
    }
    return warming;
  }

  async #warm(row: MailboxRow, pause: () => Promise<void>): Promise<void> {
    const entry = { marks: new Marks(row.messages), modseq: row.modseq };
    for (let next: number | null = 1; next !== null;) {
      next = this.#readPage(row.id, entry.marks, next);
      if (next !== null) await pause();
    }
    // What happened meanwhile has a higher modseq than the one that was noted before: `of` looks at it once more.
    this.#keep(row.id, entry);
  }

  #isQuick(row: MailboxRow, entry: Entry | undefined): boolean {
    if (row.messages <= this.#page) return true;
    if (!entry || entry.marks.isWorn || entry.modseq < row.floor) return false;
    return entry.modseq === row.modseq || this.#changesSince(row, entry.modseq) <= this.#page;
  }

  /** After a rollback: what was read inside the transaction never was. */
  clear(): void {
    this.#entries.clear();
    this.#total = 0;
  }

  #readPage(mailbox: number, marks: Marks, first: number): number | null {
    const rows = this.#sql.all(
      "select uid, modseq, flags, keywords from members where mailbox = ? and uid between ? and ? order by uid limit ?",
      mailbox,
      first,
      LAST_UID,
      this.#page,
    ) as readonly (readonly [number, number, number, string])[];
    for (const [uid, modseq, flags, keywords] of rows) marks.put(uid, modseq, flags, keywords);
    return rows.length < this.#page ? null : rows[rows.length - 1]![0] + 1;
  }

  /** False: the tombstones do not reach back so far. */
  #refresh(entry: Entry, row: MailboxRow): boolean {
    const { marks, modseq } = entry;
    if (modseq === row.modseq) return true;
    if (modseq < row.floor || marks.isWorn) return false;
    const gone = this.#sql.all("select uid from tombstones where mailbox = ? and modseq > ?", row.id, modseq);
    marks.remove(gone.map(([uid]) => uid as number));
    const rows = this.#sql.all(
      "select uid, modseq, flags, keywords from members where mailbox = ? and modseq > ?",
      row.id,
      modseq,
    ) as readonly (readonly [number, number, number, string])[];
    for (const [uid, modseq, flags, keywords] of [...rows].sort((a, b) => a[0] - b[0])) {
      marks.put(uid, modseq, flags, keywords);
    }
    entry.modseq = row.modseq;
    return true;
  }

  #changesSince(row: MailboxRow, modseq: number): number {
    const sql = "select count(*) from members where mailbox = ? and modseq > ?";
    return this.#sql.get(sql, row.id, modseq)![0] as number;
  }

  #keep(mailbox: number, entry: Entry): void {
    this.#entries.delete(mailbox);
    this.#entries.set(mailbox, entry);
    this.#total = 0;
    for (const { marks } of this.#entries.values()) this.#total += marks.count;
    for (const [oldest, { marks }] of this.#entries) {
      if ((this.#total <= TOTAL && this.#entries.size <= ENTRIES) || oldest === mailbox) break;
      this.#entries.delete(oldest);
      this.#total -= marks.count;
    }
  }
}
