/**
 * Memberships: 128 UIDs of a mailbox are one value, and one more value says which of these blocks there are. Changing one
 * message writes a block, changing all of a mailbox as few values as there can be.
 */
import { DELETED, SEEN, SHARED } from "../engine/flags.ts";
import { Marks } from "../engine/marks.ts";
import { distinctKeywords, lowerBound } from "../engine/order.ts";
import type { MailboxRow, MemberRow } from "../engine/tables.ts";
import type { Key } from "./keys.ts";
import { firstGroups } from "./object_tables.ts";
import { RecordTables } from "./record_tables.ts";
import { type EmailEntry, emailKey } from "./removed_tables.ts";

const BLOCK = 128;
/** Emails that are read ahead where one of many is asked for. */
const AHEAD = 1000;

type Block = readonly MemberRow[];
type Stones = readonly (readonly [uid: number, email: number])[];

export abstract class MemberTables extends RecordTables {
  /** Emails that the operation was shown, in their order: what is asked of one will be asked of the next. */
  #shown: number[] = [];
  readonly #places = new Map<number, number>();
  #misses = 0;

  override restart(): void {
    super.restart();
    this.#shown = [];
    this.#places.clear();
  }

  members(mailbox: number, first: number, last: number, limit: number): readonly MemberRow[] {
    const numbers = this.#blocks(mailbox).filter((number) =>
      number >= Math.floor(first / BLOCK) && number <= Math.floor(last / BLOCK)
    );
    const rows: MemberRow[] = [];
    for (let at = 0, step = 1; at < numbers.length && rows.length < limit; at += step, step *= 2) {
      if (!Number.isFinite(limit)) step = numbers.length;
      for (const block of this.#load(mailbox, numbers.slice(at, at + step))) {
        for (let i = lowerBound(block, first); i < block.length && block[i]!.uid <= last; i++) {
          if (rows.length < limit) rows.push({ ...block[i]! });
        }
      }
    }
    this.#show(rows);
    return rows;
  }

  membersOf(email: number): readonly MemberRow[] {
    const places = this.entry(email)?.places ?? [];
    this.view.getAll(places.map(([mailbox, uid]) => this.#blockKey(mailbox, uid)));
    return places.flatMap(([mailbox, uid]) => {
      const row = this.#block(mailbox, uid).find((one) => one.uid === uid);
      return row ? [{ ...row }] : [];
    });
  }

  membersSince(mailbox: number, modseq: number): readonly MemberRow[] {
    return this.#all(mailbox).filter((row) => row.modseq > modseq).map((row) => ({ ...row }));
  }

  uids(mailbox: number): Uint32Array {
    return Uint32Array.from(this.#all(mailbox), ({ uid }) => uid);
  }

  marks(mailbox: MailboxRow): Marks {
    const rows = this.#all(mailbox.id);
    const marks = new Marks(rows.length);
    for (const { uid, modseq, flags, keywords } of rows) marks.put(uid, modseq, flags, keywords);
    return marks;
  }

  firstUnseen(mailbox: number): number | null {
    return this.#all(mailbox).find((row) => !(row.flags & SEEN))?.uid ?? null;
  }

  deletedUids(mailbox: number, first: number, last: number, limit: number): readonly number[] {
    return this.#all(mailbox).filter(({ uid, flags }) => flags & DELETED && uid >= first && uid <= last)
      .slice(0, limit).map(({ uid }) => uid);
  }

  deletedStorage(mailbox: number): number {
    const deleted = this.#all(mailbox).filter(({ flags }) => flags & DELETED);
    const entries = this.view.getAll<EmailEntry>(deleted.map(({ email }) => emailKey(email)));
    const gone = deleted.filter((row, i) =>
      !(row.flags & SHARED) || entries[i]?.places.every(([other]) => other === mailbox)
    );
    return gone.reduce((sum, { size }) => sum + size, 0);
  }

  keywordsIn(mailbox: number): readonly string[] {
    return distinctKeywords(this.#all(mailbox).map(({ keywords }) => keywords));
  }

  addMember(row: MemberRow): void {
    const { mailbox, uid, email } = row;
    const blocks = this.#blocks(mailbox);
    const number = Math.floor(uid / BLOCK);
    if (!blocks.includes(number)) this.view.set(this.#indexKey(mailbox), [...blocks, number].sort((a, b) => a - b));
    const block = this.#block(mailbox, uid);
    const at = lowerBound(block, uid);
    this.view.set(this.#blockKey(mailbox, uid), [...block.slice(0, at), { ...row }, ...block.slice(at)]);
    const entry = this.entry(email);
    if (entry) this.view.set(emailKey(email), { ...entry, places: [...entry.places, [mailbox, uid]] });
  }

  saveMember({ mailbox, uid, modseq, flags, keywords }: MemberRow): void {
    const block = [...this.#block(mailbox, uid)];
    const at = lowerBound(block, uid);
    if (block[at]?.uid !== uid) return;
    block[at] = { ...block[at]!, modseq, flags, keywords };
    this.view.set(this.#blockKey(mailbox, uid), block);
  }

  removeMember({ mailbox, uid, email }: MemberRow): void {
    const block = this.#block(mailbox, uid).filter((row) => row.uid !== uid);
    if (block.length > 0) this.view.set(this.#blockKey(mailbox, uid), block);
    else {
      this.view.delete(this.#blockKey(mailbox, uid));
      const left = this.#blocks(mailbox).filter((number) => number !== Math.floor(uid / BLOCK));
      if (left.length > 0) this.view.set(this.#indexKey(mailbox), left);
      else this.view.delete(this.#indexKey(mailbox));
    }
    const entry = this.entry(email);
    if (!entry) return;
    const places = entry.places.filter(([other, at]) => other !== mailbox || at !== uid);
    this.view.set(emailKey(email), { ...entry, places });
  }

  addTombstone(mailbox: number, uid: number, modseq: number, email: number): void {
    // One change is one modseq: what another operation wrote has another.
    const key: Key = [...this.#stones(mailbox), modseq];
    this.owners.lost.add(mailbox);
    this.view.set(key, [...this.view.pending<Stones>(key) ?? [], [uid, email]]);
  }

  tombstones(mailbox: number, since: number): readonly number[] {
    return this.view.range<Stones>(this.#stones(mailbox), { start: [since + 1] })
      .flatMap(({ value }) => value.map(([uid]) => uid));
  }

  membersChanged(mailbox: number, modseq: number, limit: number): readonly MemberRow[] {
    return firstGroups(this.#all(mailbox), modseq, limit).map((row) => ({ ...row }));
  }

  tombstonesChanged(
    mailbox: number,
    since: number,
    limit: number,
  ): readonly { readonly modseq: number; readonly email: number }[] {
    const found = this.view.range<Stones>(this.#stones(mailbox), { start: [since + 1], limit })
      .flatMap(({ key, value }) => value.map(([, email]) => ({ modseq: key[3] as number, email })));
    return firstGroups(found, since, limit);
  }

  /** Keeps the newest so many, as far as one change is not cut in two. */
  pruneTombstones(mailbox: MailboxRow, keep: number): void {
    let left = 0;
    for (const { key, value } of [...this.view.range<Stones>(this.#stones(mailbox.id))].reverse()) {
      left += value.length;
      if (left <= keep) continue;
      mailbox.floor = Math.max(mailbox.floor, key[3] as number);
      this.view.delete(key);
    }
    if (left > keep) this.saveMailbox(mailbox);
  }

  override removeMailbox(row: MailboxRow): void {
    this.clear(this.#stones(row.id));
    super.removeMailbox(row);
  }

  /** An email with what belongs to it; those that come next are read with it. */
  protected entry(email: number): EmailEntry | null {
    const place = this.#places.get(email);
    if (place === undefined) return this.view.get(emailKey(email));
    try {
      return this.view.get(emailKey(email));
    } catch (error) {
      const count = Math.min(AHEAD, 8 << Math.min(7, this.#misses++));
      this.view.getAll(this.#shown.slice(place, place + count).map(emailKey));
      throw error;
    }
  }

  #show(rows: readonly MemberRow[]): void {
    for (const { email } of rows) {
      this.#places.set(email, this.#shown.length);
      this.#shown.push(email);
    }
  }

  #all(mailbox: number): readonly MemberRow[] {
    return this.#load(mailbox, this.#blocks(mailbox)).flat();
  }

  #load(mailbox: number, numbers: readonly number[]): readonly Block[] {
    return this.view.getAll<Block>(numbers.map((number) => this.#blockKey(mailbox, number * BLOCK)))
      .map((block) => block ?? []);
  }

  #block(mailbox: number, uid: number): Block {
    if (!this.#blocks(mailbox).includes(Math.floor(uid / BLOCK))) return [];
    return this.view.get<Block>(this.#blockKey(mailbox, uid)) ?? [];
  }

  #blocks(mailbox: number): readonly number[] {
    return this.view.get<readonly number[]>(this.#indexKey(mailbox)) ?? [];
  }

  #blockKey(mailbox: number, uid: number): Key {
    return [this.scopeOf(mailbox), "members", mailbox, Math.floor(uid / BLOCK)];
  }

  #indexKey(mailbox: number): Key {
    return [this.scopeOf(mailbox), "blocks", mailbox];
  }

  #stones(mailbox: number): Key {
    return [this.scopeOf(mailbox), "stones", mailbox];
  }
}
