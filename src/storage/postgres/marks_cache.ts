/**
 * The marks of mailboxes that were looked at lately, brought up to date when they are wanted. They are right for a modseq
 * of the mailbox, whoever wrote it: other nodes need not be asked, nor heard.
 */
import { Marks } from "../engine/marks.ts";
import type { MailboxRow } from "../engine/tables.ts";
import type { Replay } from "./replay.ts";
import type { Connection } from "./wire/connection.ts";

/** Messages of all mailboxes together: 16 octets each. */
const TOTAL = 2_000_000;
const ENTRIES = 1_000;
const PAGE = 10_000;
const LAST_UID = 4294967295;

interface Entry {
  readonly marks: Marks;
  modseq: number;
}

const MARK = "select uid, modseq, flags, keywords from members where mailbox = ?i and ";

export class MarksCache {
  /** The one that was wanted last is the last. */
  readonly #entries = new Map<number, Entry>();

  /** The marks as the reader's transaction sees the mailbox. Not to be kept beyond this turn of the loop, UIDs excepted. */
  of(row: MailboxRow, sql: Replay): Marks {
    const isRight = (entry: Entry | undefined) => entry?.modseq === row.modseq ? entry : null;
    return sql.keyed<Entry>(
      `marks ${row.id}`,
      (loaded) => isRight(loaded) ?? isRight(this.#entries.get(row.id)),
      // Where another reader has brought it further than this transaction sees, it gets marks of its own.
      (connection, again) => again ? this.#read(connection, row) : this.#load(connection, row),
    ).marks;
  }

  async #load(connection: Connection, row: MailboxRow): Promise<Entry> {
    const there = this.#entries.get(row.id);
    const usable = there && there.modseq < row.modseq && there.modseq >= row.floor && !there.marks.isWorn;
    if (usable && await this.#refresh(connection, there, row)) return there;
    const fresh = await this.#read(connection, row);
    const now = this.#entries.get(row.id);
    if (!now || now.modseq < fresh.modseq || now === there) this.#keep(row.id, fresh);
    return fresh;
  }

  /** False: somebody else was faster. */
  async #refresh(connection: Connection, entry: Entry, row: MailboxRow): Promise<boolean> {
    const since = entry.modseq;
    const [gone, rows] = await connection.exchange([
      { sql: "select uid from tombstones where mailbox = ?i and modseq > ?i", values: [row.id, since] },
      { sql: `${MARK} modseq > ?i order by uid`, values: [row.id, since] },
    ]);
    if (entry.modseq !== since) return false;
    entry.marks.remove(gone!.rows.map(([uid]) => uid as number));
    for (const cells of rows!.rows) put(entry.marks, cells);
    entry.modseq = row.modseq;
    this.#keep(row.id, entry);
    return true;
  }

  async #read(connection: Connection, row: MailboxRow): Promise<Entry> {
    const marks = new Marks(row.messages);
    const sql = `${MARK} uid between ?i and ?i order by uid limit ?i`;
    for (let first = 1;;) {
      const [page] = await connection.exchange([{ sql, values: [row.id, first, LAST_UID, PAGE] }]);
      for (const cells of page!.rows) put(marks, cells);
      if (page!.rows.length < PAGE) return { marks, modseq: row.modseq };
      first = page!.rows[PAGE - 1]![0] as number + 1;
    }
  }

  #keep(mailbox: number, entry: Entry): void {
    this.#entries.delete(mailbox);
    this.#entries.set(mailbox, entry);
    let total = 0;
    for (const { marks } of this.#entries.values()) total += marks.count;
    for (const [oldest, { marks }] of this.#entries) {
      if ((total <= TOTAL && this.#entries.size <= ENTRIES) || oldest === mailbox) break;
      this.#entries.delete(oldest);
      total -= marks.count;
    }
  }
}

function put(marks: Marks, cells: readonly unknown[]): void {
  const [uid, modseq, flags, keywords] = cells as [number, number, number, string];
  marks.put(uid, modseq, flags, keywords);
}
