/** Memberships, emails, threads and blobs. */
import { hash as digestOf } from "node:crypto";
import type { BlobId } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { EMPTY } from "../../base/bytes.ts";
import type { Marks } from "../engine/marks.ts";
import { distinctKeywords } from "../engine/order.ts";
import type {
  BlobRow,
  EmailRecord,
  JoinedFields,
  JoinedRow,
  MailboxRow,
  MemberRow,
  OriginRow,
  Transaction,
} from "../engine/tables.ts";
import { StorageError } from "../storage.ts";
import { type Blobs, hashOf } from "./blobs.ts";
import { joinedColumns, readIndex, readJoined } from "./joined.ts";
import { type Known, Layer } from "./known.ts";
import type { MarksCache } from "./marks_cache.ts";
import { MemberStock, type Range, STOCK } from "./member_stock.ts";
import { ADD_GARBAGE } from "./queue_tables.ts";
import { RecordTables } from "./record_tables.ts";
import { removal } from "./directory_tables.ts";
import type { Replay } from "./replay.ts";
import type { Cells } from "./wire/statement.ts";
import { rowWrite } from "./writes.ts";

const MEMBER = "select mailbox, uid, modseq, email, flags, keywords, save_date, size from members";
const EMAIL =
  "select id, account, thread, blob, 'b' || encode(hash, 'hex'), blob_size, size, internal_date, sent_at, " +
  "prefix, header_end, created from emails";
/** A page of the engine's. */
const PAGE = 1000;
const EMAILS = 4000;

const ADD_MEMBER = rowWrite("members", "iiiiitii", "insert into members select * from $rows");
const SAVE_MEMBER = rowWrite(
  "members",
  "iiiit",
  "update members m set modseq = v.modseq, flags = v.flags, keywords = v.keywords " +
    "from $rows v (mailbox, uid, modseq, flags, keywords) where m.mailbox = v.mailbox and m.uid = v.uid",
  2,
);
const REMOVE_MEMBER = rowWrite(
  "members",
  "ii",
  "delete from members m using $rows v (mailbox, uid) where m.mailbox = v.mailbox and m.uid = v.uid",
);
const ADD_TOMBSTONE = rowWrite("tombstones", "iiii", "insert into tombstones select * from $rows");
const ADD_EMAIL = rowWrite("emails", "iiiibiiiiibi", "insert into emails select * from $rows");
const REVIVE_EMAIL = rowWrite(
  "emails",
  "ii",
  "update emails e set created = v.created from $rows v (id, created) where e.id = v.id",
  1,
);
const REMOVE_EMAIL = removal("emails", "id");
const ADD_ORIGIN = rowWrite("origins", "iittt", "insert into origins select * from $rows");
const REMOVE_ORIGIN = removal("origins", "email");
const ADD_THREAD = rowWrite("threads", "iii", "insert into threads select * from $rows");
const ADD_BLOB = rowWrite("blobs", "ibititttbbib", "insert into blobs select * from $rows");
const ADD_IMAP_TEXT = rowWrite("imap_text", "itttt", "insert into imap_text select * from $rows");

export class MailTables extends RecordTables implements Transaction {
  readonly #blobs: Blobs;
  readonly #marks: MarksCache;
  readonly #threads: Layer<string, number | null>;
  readonly #blobIds: Layer<string, number | null>;
  readonly #stock = new MemberStock();
  readonly #emails = new Map<number, EmailRecord | null>();
  readonly #ofEmail = new Map<number, readonly MemberRow[]>();
  readonly #removed = new Set<string>();
  readonly #headerEnds = new Map<BlobId, number>();
  #pages = 0;
  /** UIDs that the operation is about. */
  readonly #wanted: readonly Range[];

  constructor(sql: Replay, known: Known, blobs: Blobs, marks: MarksCache, wanted: readonly Range[] = []) {
    super(sql, known);
    this.#blobs = blobs;
    this.#marks = marks;
    this.#wanted = wanted;
    this.#threads = new Layer(known.threads);
    this.#blobIds = new Layer(known.blobs);
  }

  override restart(): void {
    super.restart();
    this.#threads.restart();
    this.#blobIds.restart();
    this.#stock.restart();
    this.#emails.clear();
    this.#ofEmail.clear();
    this.#removed.clear();
    this.#headerEnds.clear();
    this.#pages = 0;
  }

  override keep(): void {
    super.keep();
    this.#threads.keep();
    this.#blobIds.keep();
  }

  marks(mailbox: MailboxRow): Marks {
    return this.#marks.of(mailbox, this.sql);
  }

  members(mailbox: number, first: number, last: number, limit: number): readonly MemberRow[] {
    const sql = `${MEMBER} where mailbox = ?i and uid between ?i and ?i order by uid limit ?i`;
    const all = (count: number | null) => this.sql.all(sql, mailbox, first, last, count).map(readMember);
    if (this.sql.isReadOnly || !Number.isFinite(limit)) return all(Number.isFinite(limit) ? limit : null);
    const stocked = this.#stock.take(mailbox, first, last, limit);
    if (stocked) return stocked;
    if (limit < PAGE) return all(limit);
    if (this.#pages++ === 0 && this.#wanted.length > 1) this.#stockWanted(mailbox);
    else {
      const count = Math.min(STOCK, limit << Math.min(5, this.#pages - 1));
      const rows = all(count);
      const end = rows.length < count ? last : rows[rows.length - 1]!.uid;
      this.#stock.fill(mailbox, [{ first, last: end }], rows);
    }
    return this.#stock.take(mailbox, first, last, limit) ?? all(limit);
  }

  /** All that the operation is about, where that is many small ranges. */
  #stockWanted(mailbox: number): void {
    const ranges = this.#wanted;
    const sql = `${MEMBER} m join unnest(?I, ?I) r (first, last) on m.uid between r.first and r.last ` +
      "where mailbox = ?i order by uid limit ?i";
    const rows = this.sql.all(sql, ranges.map(({ first }) => first), ranges.map(({ last }) => last), mailbox, STOCK)
      .map(readMember);
    const end = rows.length < STOCK ? Infinity : rows[rows.length - 1]!.uid;
    const whole = ranges.filter(({ first }) => first <= end).map(({ first, last }) => ({
      first,
      last: Math.min(last, end),
    }));
    this.#stock.fill(mailbox, whole, rows);
  }

  membersOf(email: number): readonly MemberRow[] {
    if (this.sql.isReadOnly) return this.sql.all(`${MEMBER} where email = ?i`, email).map(readMember);
    if (!this.#ofEmail.has(email)) {
      const ids = this.#stock.emailsFrom(email, EMAILS);
      for (const id of ids) this.#ofEmail.set(id, []);
      const rows = this.sql.all(`${MEMBER} where email = any (?I)`, ids).map(readMember);
      for (const [id, all] of Map.groupBy(rows, (row) => row.email)) this.#ofEmail.set(id, all);
    }
    const rows = this.#ofEmail.get(email)!.filter(({ mailbox, uid }) => !this.#removed.has(`${mailbox} ${uid}`));
    return rows.map((row) => ({ ...row }));
  }

  membersSince(mailbox: number, modseq: number): readonly MemberRow[] {
    if (modseq === 0) return this.members(mailbox, 1, 4294967295, Infinity);
    return this.sql.all(`${MEMBER} where mailbox = ?i and modseq > ?i order by uid`, mailbox, modseq).map(readMember);
  }

  uids(mailbox: number): Uint32Array {
    const rows = this.sql.all("select uid from members where mailbox = ?i order by uid", mailbox);
    return Uint32Array.from(rows, ([uid]) => uid as number);
  }

  firstUnseen(mailbox: number): number | null {
    const sql = "select uid from members where mailbox = ?i and flags & 1 = 0 order by uid limit 1";
    return this.sql.get(sql, mailbox)?.[0] as number | undefined ?? null;
  }

  deletedUids(mailbox: number, first: number, last: number, limit: number): readonly number[] {
    const count = Number.isFinite(limit) ? limit : null;
    const sql = `${MEMBER} where mailbox = ?i and uid between ?i and ?i and flags & 16 <> 0 order by uid limit ?i`;
    const rows = this.sql.all(sql, mailbox, first, last, count).map(readMember);
    // They are about to be removed, one run of UIDs after the other.
    if (!this.sql.isReadOnly && rows.length > 0) this.#stock.fill(mailbox, runsOf(rows), rows);
    return rows.map(({ uid }) => uid);
  }

  deletedStorage(mailbox: number): number {
    // 32 is SHARED: only then another membership must be looked for.
    const sql = "select coalesce(sum(size), 0)::bigint from members m where mailbox = ?i and flags & 16 <> 0 and " +
      "(flags & 32 = 0 or not exists (select 1 from members o where o.email = m.email and o.mailbox <> m.mailbox))";
    return this.sql.get(sql, mailbox)![0] as number;
  }

  keywordsIn(mailbox: number): readonly string[] {
    const sql = "select distinct keywords from members where mailbox = ?i and keywords <> ''";
    return distinctKeywords(this.sql.all(sql, mailbox).map(([keywords]) => keywords as string));
  }

  addMember(row: MemberRow): void {
    const { mailbox, uid, modseq, email, flags, keywords, saveDate, size } = row;
    this.#stock.wrote(mailbox, uid);
    const others = this.#ofEmail.get(email);
    if (others) this.#ofEmail.set(email, [...others, { ...row }]);
    this.sql.write(ADD_MEMBER, mailbox, uid, modseq, email, flags, keywords, saveDate, size);
  }

  saveMember({ mailbox, uid, modseq, flags, keywords, email }: MemberRow): void {
    this.#stock.wrote(mailbox, uid);
    const known = this.#ofEmail.get(email)?.find((row) => row.mailbox === mailbox && row.uid === uid);
    if (known) Object.assign(known, { modseq, flags, keywords });
    this.sql.write(SAVE_MEMBER, mailbox, uid, modseq, flags, keywords);
  }

  removeMember({ mailbox, uid }: MemberRow): void {
    this.#stock.wrote(mailbox, uid);
    this.#removed.add(`${mailbox} ${uid}`);
    this.sql.write(REMOVE_MEMBER, mailbox, uid);
  }

  joined(mailbox: number, first: number, last: number, limit: number, fields: JoinedFields): readonly JoinedRow[] {
    const sql = `${joinedColumns(fields)} where m.mailbox = ?i and m.uid between ?i and ?i order by m.uid limit ?i`;
    return this.sql.all(sql, mailbox, first, last, limit).map((cells) => readJoined(cells, fields, this.#blobs));
  }

  joinedOf(emails: readonly number[], fields: JoinedFields): readonly JoinedRow[] {
    const sql = `${joinedColumns(fields)} where m.email = any (?I)`;
    return this.sql.all(sql, emails).map((cells) => readJoined(cells, fields, this.#blobs));
  }

  membersChanged(mailbox: number, modseq: number, limit: number): readonly MemberRow[] {
    const sql = `${MEMBER} ${groups("members")}`;
    return this.sql.all(sql, mailbox, modseq, mailbox, modseq, limit - 1).map(readMember);
  }

  tombstonesChanged(
    mailbox: number,
    modseq: number,
    limit: number,
  ): readonly { readonly modseq: number; readonly email: number }[] {
    const sql = `select modseq, email from tombstones ${groups("tombstones")}`;
    const rows = this.sql.all(sql, mailbox, modseq, mailbox, modseq, limit - 1);
    return rows.map(([at, email]) => ({ modseq: at as number, email: email as number }));
  }

  addTombstone(mailbox: number, uid: number, modseq: number, email: number): void {
    this.sql.write(ADD_TOMBSTONE, mailbox, modseq, uid, email);
  }

  tombstones(mailbox: number, since: number): readonly number[] {
    const rows = this.sql.all("select uid from tombstones where mailbox = ?i and modseq > ?i", mailbox, since);
    return rows.map(([uid]) => uid as number);
  }

  email(id: number): EmailRecord | null {
    const known = this.#emails.get(id);
    if (known !== undefined) return known;
    const ids = this.sql.isReadOnly ? [id] : this.#stock.emailsFrom(id, EMAILS);
    for (const one of ids) this.#emails.set(one, null);
    for (const cells of this.sql.all(`${EMAIL} where id = any (?I)`, ids)) {
      const row = readEmail(cells);
      this.#emails.set(row.id, row);
      this.#headerEnds.set(row.blobId, cells[10] as number);
    }
    return this.#emails.get(id)!;
  }

  addEmail(row: EmailRecord): void {
    const { id, account, thread, blob, blobId, blobSize, size, internalDate, sentAt, prefix, created } = row;
    const hash = hashOf(blobId);
    const headerEnd = this.#headerEnd(blobId);
    this.#emails.set(id, row);
    const numbers = [blobSize, size, internalDate, sentAt, headerEnd];
    this.sql.write(ADD_EMAIL, id, account, thread, blob, hash, ...numbers, prefix, created);
  }

  reviveEmail(id: number, created: number): void {
    this.sql.write(REVIVE_EMAIL, id, created);
  }

  removeEmail(row: EmailRecord): void {
    this.#emails.set(row.id, null);
    this.sql.write(REMOVE_EMAIL, row.id);
    this.sql.write(REMOVE_ORIGIN, row.id);
    this.sql.write(ADD_GARBAGE, row.blob);
  }

  addOrigin({ email, account, key, name, lineEnds }: OriginRow): void {
    this.sql.write(ADD_ORIGIN, email, account, key, name, lineEnds);
  }

  origin(email: number): OriginRow | null {
    const cells = this.sql.get("select account, key, name, line_ends from origins where email = ?i", email);
    if (!cells) return null;
    const [account, key, name, lineEnds] = cells as readonly [number, string, string, string];
    return { email, account, key, name, lineEnds };
  }

  hasOrigin(account: number, key: string): boolean {
    // What was removed can be imported again.
    const sql = "select 1 from origins o where o.account = ?i and o.key = ?t and " +
      "exists (select 1 from members m where m.email = o.email) limit 1";
    return this.sql.get(sql, account, key) !== undefined;
  }

  thread(account: number, keys: readonly string[], fresh: number): number {
    const hashes = [...new Set(keys.map(threadKey))];
    const nameOf = (key: number) => `${account} ${key}`;
    const unknown = hashes.filter((key) => this.#threads.get(nameOf(key)) === undefined);
    if (unknown.length > 0) {
      for (const key of unknown) this.#threads.set(nameOf(key), null);
      const rows = this.sql.all(
        "select key, thread from threads where account = ?i and key = any (?I)",
        account,
        unknown,
      );
      for (const [key, thread] of rows) this.#threads.set(nameOf(key as number), thread as number);
    }
    let thread = fresh;
    for (const key of hashes) thread = Math.min(thread, this.#threads.get(nameOf(key)) ?? fresh);
    for (const key of hashes) {
      if (this.#threads.get(nameOf(key)) !== null) continue;
      this.sql.write(ADD_THREAD, account, key, thread);
      this.#threads.set(nameOf(key), thread);
    }
    return thread;
  }

  blob(blobId: BlobId): BlobRow | null {
    const held = this.#blobs.held(blobId);
    if (held) return { id: this.#blobIds.get(blobId) ?? 0, blobId, size: held.size };
    const cells = this.sql.get(`select id, size from blobs where hash = ?b${this.#share()}`, hashOf(blobId));
    if (!cells) return null;
    this.#blobIds.set(blobId, cells[0] as number);
    return { id: cells[0] as number, blobId, size: cells[1] as number };
  }

  storeBlob({ blobId }: BlobRow): number {
    let id = this.#blobIds.get(blobId);
    if (id === undefined) {
      id = this.sql.get(`select id from blobs where hash = ?b${this.#share()}`, hashOf(blobId))?.[0] as number ?? null;
    }
    id ??= this.#addBlob(blobId);
    this.#blobIds.set(blobId, id);
    return id;
  }

  accountHasBlob(account: number, row: BlobRow): boolean {
    if (this.#blobs.held(row.blobId)) return true;
    const sql = "select 1 from emails where blob = ?i and account = ?i limit 1";
    return this.sql.get(sql, row.id, account) !== undefined || this.object(account, "upload", row.id) !== null;
  }

  emailsOfBlob(account: number, row: BlobRow, limit: number): readonly number[] {
    const sql = "select id from emails where blob = ?i and account = ?i order by id limit ?i";
    return this.sql.all(sql, row.id, account, limit).map(([id]) => id as number);
  }

  mailboxHasBlob(mailbox: MailboxRow, row: BlobRow): boolean {
    const sql = "select 1 from emails e join members m on m.email = e.id " +
      "where e.blob = ?i and e.account = ?i and m.mailbox = ?i limit 1";
    return this.sql.get(sql, row.id, mailbox.account, mailbox.id) !== undefined;
  }

  blobIndex(blobId: BlobId): MessageIndex | null {
    const held = this.#blobs.held(blobId);
    if (held) return held.index;
    const cells = this.sql.get("select size, extra, envelope, structure from blobs where hash = ?b", hashOf(blobId));
    return cells ? readIndex(cells) : null;
  }

  /** The indexes of many. */
  blobIndexes(ids: readonly BlobId[]): ReadonlyMap<BlobId, MessageIndex> {
    const sql = "select size, extra, envelope, structure, 'b' || encode(hash, 'hex') from blobs where hash = any (?B)";
    return new Map(this.sql.all(sql, ids.map(hashOf)).map((cells) => [cells[4] as BlobId, readIndex(cells)]));
  }

  /** A row of a blob that is to be named must not be swept away meanwhile. */
  #share(): string {
    return this.sql.isReadOnly ? "" : " for key share";
  }

  #addBlob(blobId: BlobId): number {
    const held = this.#blobs.held(blobId);
    if (!held) throw new StorageError("bug", `there is no blob ${blobId}`);
    const { index, size, place, packed, head, stored, packing } = held;
    const { references, truncated, envelope, root } = index;
    const id = this.next("blob");
    const extra = references.length + truncated.length === 0 ? null : JSON.stringify([references, truncated]);
    const [printed, structure] = [JSON.stringify(envelope), JSON.stringify(root)];
    held.isNamed = true;
    const described = [root.bodyStart, extra, printed, structure] as const;
    this.sql.write(ADD_BLOB, id, hashOf(blobId), size, place, ...described, packed, head, packing && stored, packing);
    const text = this.#blobs.prepare?.(index);
    if (text) this.sql.write(ADD_IMAP_TEXT, id, text.envelope, text.structure, text.envelopeUtf8, text.structureUtf8);
    return id;
  }

  #headerEnd(blobId: BlobId): number {
    const known = this.#blobs.held(blobId)?.index.root.bodyStart ?? this.#headerEnds.get(blobId);
    if (known !== undefined) return known;
    return this.sql.get("select header_end from blobs where hash = ?b", hashOf(blobId))![0] as number;
  }
}

/** 52 bits: within one account, so nobody gains by making two keys meet. */
export function threadKey(key: string): number {
  return parseInt(digestOf("sha256", key, "hex").slice(0, 13), 16);
}

/** Rows with a higher modseq, ascending by it: so many, and all that share the last one's. */
const groups = (table: string) =>
  `where mailbox = ?i and modseq > ?i and modseq <= coalesce((select modseq from ${table} where mailbox = ?i and ` +
  "modseq > ?i order by modseq limit 1 offset ?i), 9007199254740991) order by modseq";

function runsOf(rows: readonly MemberRow[]): Range[] {
  const runs: { first: number; last: number }[] = [];
  for (const { uid } of rows) {
    const open = runs[runs.length - 1];
    if (open && open.last + 1 === uid) open.last = uid;
    else runs.push({ first: uid, last: uid });
  }
  return runs;
}

function readMember(cells: Cells): MemberRow {
  const [mailbox, uid, modseq, email, flags] = cells as readonly [number, number, number, number, number];
  const [keywords, saveDate, size] = cells.slice(5) as [string, number, number];
  return { mailbox, uid, modseq, email, flags, keywords, saveDate, size };
}

function readEmail(cells: Cells): EmailRecord {
  return {
    id: cells[0] as number,
    account: cells[1] as number,
    thread: cells[2] as number,
    blob: cells[3] as number,
    blobId: cells[4] as BlobId,
    blobSize: cells[5] as number,
    size: cells[6] as number,
    internalDate: cells[7] as number,
    sentAt: cells[8] as number | null,
    prefix: cells[9] as Uint8Array ?? EMPTY,
    created: cells[11] as number,
  };
}
