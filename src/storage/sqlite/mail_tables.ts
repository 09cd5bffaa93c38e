/** Memberships, emails and threads. */
import { hash as hashOf } from "node:crypto";
import type { BlobId } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { EMPTY } from "../../base/bytes.ts";
import { HEADER_LIMIT } from "../engine/email_read.ts";
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
import type { Marks } from "../engine/marks.ts";
import { MarksCache } from "./marks_cache.ts";
import type { Blobs } from "./blobs.ts";
import { RecordTables } from "./record_tables.ts";
import type { Cells, Statements } from "./statements.ts";

const MEMBER = "select mailbox, uid, modseq, email, flags, keywords, save_date, size from members";
const JOINED = "select m.mailbox, m.uid, m.modseq, m.email, m.flags, m.keywords, m.save_date, m.size, e.thread, " +
  "'b' || lower(hex(e.hash)), e.blob_size, e.internal_date, e.sent_at, e.header_end, nullif(e.prefix, x''), e.created";
/** What was removed can be imported again. */
const KNOWN = "select 1 from origins o where o.account = ? and o.key = ? and " +
  "exists (select 1 from members m where m.email = o.email) limit 1";
const JOINED_CELLS = 16;
/** Rows with a higher modseq, ascending by it: so many, and all that share the last one's. */
const groups = (table: string) =>
  `where mailbox = ?1 and modseq > ?2 and modseq <= coalesce((select modseq from ${table} where mailbox = ?1 and ` +
  "modseq > ?2 order by modseq limit 1 offset ?3), 9007199254740991) order by modseq";

export class MailTables extends RecordTables implements Transaction {
  readonly #blobs: Blobs;

  /** Of mailboxes that are looked at. */
  readonly marksCache: MarksCache;

  constructor(sql: Statements, blobs: Blobs) {
    super(sql);
    this.#blobs = blobs;
    this.marksCache = new MarksCache(sql);
  }

  override forget(): void {
    super.forget();
    this.marksCache.clear();
  }

  marks(mailbox: MailboxRow): Marks {
    return this.marksCache.of(mailbox);
  }

  members(mailbox: number, first: number, last: number, limit: number): readonly MemberRow[] {
    const sql = `${MEMBER} where mailbox = ? and uid between ? and ? order by uid limit ?`;
    return this.sql.all(sql, mailbox, first, last, Number.isFinite(limit) ? limit : -1).map(readMember);
  }

  membersOf(email: number): readonly MemberRow[] {
    return this.sql.all(`${MEMBER} where email = ?`, email).map(readMember);
  }

  membersSince(mailbox: number, modseq: number): readonly MemberRow[] {
    if (modseq === 0) return this.members(mailbox, 1, 4294967295, Infinity);
    const rows = this.sql.all(`${MEMBER} where mailbox = ? and modseq > ?`, mailbox, modseq).map(readMember);
    return rows.sort((a, b) => a.uid - b.uid);
  }

  uids(mailbox: number): Uint32Array {
    const rows = this.sql.all("select uid from members where mailbox = ? order by uid", mailbox);
    const uids = new Uint32Array(rows.length);
    for (let i = 0; i < rows.length; i++) uids[i] = rows[i]![0] as number;
    return uids;
  }

  firstUnseen(mailbox: number): number | null {
    const sql = "select uid from members where mailbox = ? and not flags & 1 order by uid limit 1";
    return this.sql.get(sql, mailbox)?.[0] as number | undefined ?? null;
  }

  deletedUids(mailbox: number, first: number, last: number, limit: number): readonly number[] {
    // By itself SQLite goes through the whole mailbox: both ways begin with the same columns.
    const sql = "select uid from members indexed by members_deleted where mailbox = ? and uid between ? and ? and " +
      "flags & 16 order by uid limit ?";
    return this.sql.all(sql, mailbox, first, last, Number.isFinite(limit) ? limit : -1).map(([uid]) => uid as number);
  }

  deletedStorage(mailbox: number): number {
    // 32 is SHARED: only then another membership must be looked for.
    const sql = "select sum(size) from members as m indexed by members_deleted where mailbox = ? and flags & 16 and " +
      "((flags & 32) = 0 or not exists (select 1 from members as o where o.email = m.email and o.mailbox <> m.mailbox))";
    return Number(this.sql.get(sql, mailbox)![0] ?? 0);
  }

  keywordsIn(mailbox: number): readonly string[] {
    const sql = "select distinct keywords from members where mailbox = ? and keywords <> ''";
    return distinctKeywords(this.sql.all(sql, mailbox).map(([keywords]) => keywords as string));
  }

  addMember(row: MemberRow): void {
    const { mailbox, uid, modseq, email, flags, keywords, saveDate, size } = row;
    this.sql.run(
      "insert into members values (?, ?, ?, ?, ?, ?, ?, ?)",
      mailbox,
      uid,
      modseq,
      email,
      flags,
      keywords,
      saveDate,
      size,
    );
  }

  saveMember(row: MemberRow): void {
    const sql = "update members set modseq = ?, flags = ?, keywords = ? where mailbox = ? and uid = ?";
    this.sql.run(sql, row.modseq, row.flags, row.keywords, row.mailbox, row.uid);
  }

  removeMember(row: MemberRow): void {
    this.sql.run("delete from members where mailbox = ? and uid = ?", row.mailbox, row.uid);
  }

  joined(
    mailbox: number,
    first: number,
    last: number,
    limit: number,
    fields: JoinedFields,
  ): readonly JoinedRow[] {
    const { columns, joins } = joinedColumns(fields);
    const sql = `${JOINED}${columns} from members m join emails e on e.id = m.email ${joins}` +
      "where m.mailbox = ? and m.uid between ? and ? order by m.uid limit ?";
    return this.sql.all(sql, mailbox, first, last, limit).map((cells) => this.#joinedRow(cells, fields));
  }

  joinedOf(emails: readonly number[], fields: JoinedFields): readonly JoinedRow[] {
    const { columns, joins } = joinedColumns(fields);
    const sql = `${JOINED}${columns} from json_each(?) j join members m on m.email = j.value ` +
      `join emails e on e.id = m.email ${joins}`;
    return this.sql.all(sql, JSON.stringify(emails)).map((cells) => this.#joinedRow(cells, fields));
  }

  membersChanged(mailbox: number, modseq: number, limit: number): readonly MemberRow[] {
    return this.sql.all(`${MEMBER} ${groups("members")}`, mailbox, modseq, limit - 1).map(readMember);
  }

  tombstonesChanged(
    mailbox: number,
    modseq: number,
    limit: number,
  ): readonly { readonly modseq: number; readonly email: number }[] {
    const sql = `select modseq, email from tombstones ${groups("tombstones")}`;
    const rows = this.sql.all(sql, mailbox, modseq, limit - 1) as readonly (readonly [number, number])[];
    return rows.map(([at, email]) => ({ modseq: at, email }));
  }

  /** Written out, for a list of a large mailbox makes a hundred thousand of them. */
  #joinedRow(cells: Cells, fields: JoinedFields): JoinedRow {
    const { envelope, structure, imap } = this.#index(cells, fields);
    return {
      mailbox: cells[0] as number,
      uid: cells[1] as number,
      modseq: cells[2] as number,
      email: cells[3] as number,
      flags: cells[4] as number,
      keywords: cells[5] as string,
      saveDate: cells[6] as number,
      size: cells[7] as number,
      thread: cells[8] as number,
      blobId: cells[9] as BlobId,
      blobSize: cells[10] as number,
      internalDate: cells[11] as number,
      sentAt: cells[12] as number | null,
      headerEnd: cells[13] as number,
      prefix: cells[14] as Uint8Array | null ?? EMPTY,
      created: cells[15] as number,
      envelope,
      structure,
      imap,
      header: fields.header ? this.#header(cells) : null,
    };
  }

  /** The blob's header; its place or its octets are the last cells. */
  #header(cells: Cells): Uint8Array {
    const [segment, start, stored, packing, octets] = cells.slice(-5) as [
      number | null,
      number | null,
      number | null,
      Uint8Array | null,
      Uint8Array | null,
    ];
    const size = cells[10] as number;
    const end = Math.min(cells[13] as number, size, HEADER_LIMIT);
    const place = segment === null ? null : { segment, start: start! };
    const hash = Uint8Array.fromHex((cells[9] as string).slice(1));
    return this.#blobs.slice(
      { size, stored: stored ?? size, place, packing, octets: octets ?? (place ? null : EMPTY) },
      hash,
      0,
      end,
    );
  }

  /** What was asked for of the index; what is not prepared is looked up. */
  #index(cells: Cells, fields: JoinedFields): Required<Pick<JoinedRow, "envelope" | "structure" | "imap">> {
    let at = JOINED_CELLS;
    let envelope = (fields.envelope ? cells[at++] : null) as string | null;
    let structure = (fields.structure ? cells[at++] : null) as string | null;
    const imap = {
      envelope: (fields.imapEnvelope ? cells[at++] : null) as string | null,
      structure: (fields.imapStructure ? cells[at++] : null) as string | null,
    };
    const lacksEnvelope = fields.imapEnvelope && imap.envelope === null && envelope === null;
    const lacksStructure = fields.imapStructure && imap.structure === null && structure === null;
    if (lacksEnvelope || lacksStructure) {
      const sql = "select b.envelope, b.structure from emails e join blobs b on b.id = e.blob where e.id = ?";
      const found = this.sql.get(sql, cells[3] as number) as readonly [string, string];
      if (lacksEnvelope) envelope = found[0];
      if (lacksStructure) structure = found[1];
    }
    return {
      envelope: envelope === null ? null : JSON.parse(envelope),
      structure: structure === null ? null : JSON.parse(structure),
      imap,
    };
  }

  addTombstone(mailbox: number, uid: number, modseq: number, email: number): void {
    this.sql.run("insert into tombstones values (?, ?, ?, ?)", mailbox, modseq, uid, email);
  }

  tombstones(mailbox: number, since: number): readonly number[] {
    const rows = this.sql.all("select uid from tombstones where mailbox = ? and modseq > ?", mailbox, since);
    return rows.map(([uid]) => uid as number);
  }

  email(id: number): EmailRecord | null {
    const cells = this.sql.get(
      "select id, account, thread, blob, 'b' || lower(hex(hash)), blob_size, size, internal_date, sent_at, prefix, created " +
        "from emails where id = ?",
      id,
    );
    if (!cells) return null;
    const [row, account, thread, blob, blobId, blobSize, size, internalDate, sentAt, prefix, created] = cells as [
      number,
      number,
      number,
      number,
      BlobId,
      number,
      number,
      number,
      number | null,
      Uint8Array,
      number,
    ];
    return { id: row, account, thread, blob, blobId, blobSize, size, internalDate, sentAt, prefix, created };
  }

  addEmail(row: EmailRecord): void {
    const { id, account, thread, blob, blobId, blobSize, size, internalDate, sentAt, prefix, created } = row;
    const hash = Uint8Array.fromHex(blobId.slice(1));
    const headerEnd = this.#blobs.headerEnd(blobId);
    this.sql.run(
      "insert into emails values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      account,
      thread,
      blob,
      hash,
      blobSize,
      size,
      internalDate,
      sentAt,
      headerEnd,
      prefix,
      created,
    );
  }

  reviveEmail(id: number, created: number): void {
    this.sql.run("update emails set created = ? where id = ?", created, id);
  }

  removeEmail(row: EmailRecord): void {
    this.sql.run("delete from emails where id = ?", row.id);
    this.sql.run("delete from origins where email = ?", row.id);
    this.sql.run("insert or ignore into garbage values (?)", row.blob);
  }

  addOrigin({ email, account, key, name, lineEnds }: OriginRow): void {
    this.sql.run("insert into origins values (?, ?, ?, ?, ?)", email, account, key, name, lineEnds);
  }

  origin(email: number): OriginRow | null {
    const cells = this.sql.get("select account, key, name, line_ends from origins where email = ?", email);
    if (!cells) return null;
    const [account, key, name, lineEnds] = cells as readonly [number, string, string, string];
    return { email, account, key, name, lineEnds };
  }

  hasOrigin(account: number, key: string): boolean {
    return this.sql.get(KNOWN, account, key) !== undefined;
  }

  thread(account: number, keys: readonly string[], fresh: number): number {
    const hashes = keys.map(keyOf);
    const missing: number[] = [];
    let thread = fresh;
    for (const key of hashes) {
      // The usual message names one id that nobody knows: one statement.
      if (this.sql.run("insert or ignore into threads values (?, ?, ?)", account, key, fresh) > 0) {
        missing.push(key);
        continue;
      }
      const found = this.sql.get("select thread from threads where account = ? and key = ?", account, key)!;
      thread = Math.min(thread, found[0] as number);
    }
    if (thread !== fresh) {
      for (const key of missing) {
        this.sql.run("update threads set thread = ? where account = ? and key = ?", thread, account, key);
      }
    }
    return thread;
  }

  blob(blobId: BlobId): BlobRow | null {
    return this.#blobs.find(blobId);
  }

  storeBlob(row: BlobRow): number {
    return this.#blobs.store(row.blobId);
  }

  accountHasBlob(account: number, row: BlobRow): boolean {
    if (this.#blobs.isHeld(row.blobId)) return true;
    return this.sql.get("select 1 from emails where blob = ? and account = ? limit 1", row.id, account) !== undefined ||
      this.object(account, "upload", row.id) !== null;
  }

  emailsOfBlob(account: number, row: BlobRow, limit: number): readonly number[] {
    const sql = "select id from emails where blob = ? and account = ? order by id limit ?";
    return this.sql.all(sql, row.id, account, limit).map(([id]) => id as number);
  }

  mailboxHasBlob(mailbox: MailboxRow, row: BlobRow): boolean {
    const sql = "select 1 from emails e join members m on m.email = e.id " +
      "where e.blob = ? and e.account = ? and m.mailbox = ? limit 1";
    return this.sql.get(sql, row.id, mailbox.account, mailbox.id) !== undefined;
  }

  blobIndex(blobId: BlobId): MessageIndex | null {
    return this.#blobs.index(blobId);
  }
}

const HEADER = ", b.segment, b.start, b.stored, b.packing, " +
  `case when b.packing is null then substr(b.data, 1, min(e.header_end, ${HEADER_LIMIT})) else b.data end`;

/** Prepared text lies in a table of its own: to read it, no page of the bodies beside is touched. */
function joinedColumns(fields: JoinedFields): { readonly columns: string; readonly joins: string } {
  const prepared = (column: string) => fields.utf8 ? `, coalesce(p.${column}_utf8, p.${column})` : `, p.${column}`;
  const columns = `${fields.envelope ? ", b.envelope" : ""}${fields.structure ? ", b.structure" : ""}` +
    `${fields.imapEnvelope ? prepared("envelope") : ""}${fields.imapStructure ? prepared("structure") : ""}${
      fields.header ? HEADER : ""
    }`;
  const joins = (fields.envelope || fields.structure || fields.header ? "join blobs b on b.id = e.blob " : "") +
    (fields.imapEnvelope || fields.imapStructure ? "left join imap_text p on p.blob = e.blob " : "");
  return { columns, joins };
}

/** 52 bits: within one account, so nobody gains by making two keys meet. */
function keyOf(key: string): number {
  return parseInt(hashOf("sha256", key, "hex").slice(0, 13), 16);
}

function readMember(cells: Cells): MemberRow {
  return {
    mailbox: cells[0] as number,
    uid: cells[1] as number,
    modseq: cells[2] as number,
    email: cells[3] as number,
    flags: cells[4] as number,
    keywords: cells[5] as string,
    saveDate: cells[6] as number,
    size: cells[7] as number,
  };
}
