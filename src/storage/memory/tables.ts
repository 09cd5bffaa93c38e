/**
 * Mail, blobs and the queue in maps, on top of the directory. Memberships and rows of the queue are handed out as copies.
 * Whatever changes leaves its way back in `UndoLog`.
 */
import type { BlobId, JournalEntry, QueueClass, QueueState } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { DELETED, SEEN } from "../engine/flags.ts";
import { Marks } from "../engine/marks.ts";
import { distinctKeywords, lowerBound } from "../engine/order.ts";
import { JOURNAL_MS, TOMBSTONES } from "../engine/retention.ts";
import type {
  AccountRow,
  BlobRow,
  EmailRecord,
  JoinedFields,
  JoinedRow,
  MailboxRow,
  MemberRow,
  OriginRow,
  QueueFilter,
  QueueRecord,
  Transaction,
} from "../engine/tables.ts";
import { firstGroups } from "./object_tables.ts";
import { RecordTables } from "./record_tables.ts";
import { HEADER_LIMIT } from "../engine/email_read.ts";

interface Blob {
  readonly id: number;
  readonly blobId: BlobId;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly index: MessageIndex;
  /** Writers that have not let go. */
  holds: number;
  /** Emails and queue rows. */
  refs: number;
  /** It has been referred to, so somebody may be reading it. */
  stored: boolean;
}

export class MemoryTables extends RecordTables implements Transaction {
  readonly #members = new Map<number, MemberRow[]>();
  readonly #ofEmail = new Map<number, MemberRow[]>();
  readonly #tombstones = new Map<number, { uid: number; modseq: number; email: number }[]>();
  readonly #emails = new Map<number, EmailRecord>();
  readonly #origins = new Map<number, OriginRow>();
  /** Emails by account and key. */
  readonly #originKeys = new Map<string, number>();
  readonly #threads = new Map<number, Map<string, number>>();
  readonly #blobs = new Map<BlobId, Blob>();
  readonly #owned = new Map<number, Map<BlobId, number>>();
  readonly #queue = new Map<number, QueueRecord>();
  readonly #journal = new Map<string, JournalEntry[]>();
  #nextBlob = 1;
  /** Ids of blobs that nothing referred to at the last reclaim. */
  #due = new Set<number>();

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.undo.delete(this.#threads, row.id);
    this.undo.delete(this.#owned, row.id);
  }

  override addMailbox(row: MailboxRow): void {
    super.addMailbox(row);
    this.undo.set(this.#members, row.id, []);
    this.undo.set(this.#tombstones, row.id, []);
  }

  override removeMailbox(row: MailboxRow): void {
    super.removeMailbox(row);
    this.undo.delete(this.#members, row.id);
    this.undo.delete(this.#tombstones, row.id);
  }

  members(mailbox: number, first: number, last: number, limit: number): readonly MemberRow[] {
    const rows = this.#rows(mailbox);
    const start = lowerBound(rows, first);
    return rows.slice(start, Math.min(lowerBound(rows, last + 1), start + limit)).map((row) => ({ ...row }));
  }

  membersOf(email: number): readonly MemberRow[] {
    return Array.from(this.#ofEmail.get(email) ?? [], (row) => ({ ...row }));
  }

  membersSince(mailbox: number, modseq: number): readonly MemberRow[] {
    return this.#rows(mailbox).filter((row) => row.modseq > modseq).map((row) => ({ ...row }));
  }

  uids(mailbox: number): Uint32Array {
    return Uint32Array.from(this.#rows(mailbox), (row) => row.uid);
  }

  marks(mailbox: MailboxRow): Marks {
    const rows = this.#rows(mailbox.id);
    const marks = new Marks(rows.length);
    for (const { uid, modseq, flags, keywords } of rows) marks.put(uid, modseq, flags, keywords);
    return marks;
  }

  firstUnseen(mailbox: number): number | null {
    return this.#rows(mailbox).find((row) => !(row.flags & SEEN))?.uid ?? null;
  }

  deletedUids(mailbox: number, first: number, last: number, limit: number): readonly number[] {
    return this.#rows(mailbox).filter(({ uid, flags }) => flags & DELETED && uid >= first && uid <= last)
      .slice(0, limit).map((row) => row.uid);
  }

  deletedStorage(mailbox: number): number {
    const gone = this.#rows(mailbox).filter((row) =>
      row.flags & DELETED && this.#ofEmail.get(row.email)!.every((other) => other.mailbox === mailbox)
    );
    return gone.reduce((sum, row) => sum + row.size, 0);
  }

  keywordsIn(mailbox: number): readonly string[] {
    return distinctKeywords(this.#rows(mailbox).map((row) => row.keywords));
  }

  addMember(row: MemberRow): void {
    const rows = this.#rows(row.mailbox);
    rows.push(row); // UIDs only grow
    this.undo.did(() => rows.pop());
    this.undo.set(this.#ofEmail, row.email, [...this.#ofEmail.get(row.email) ?? [], row]);
  }

  saveMember({ mailbox, uid, modseq, flags, keywords }: MemberRow): void {
    const rows = this.#rows(mailbox);
    const row = rows[lowerBound(rows, uid)];
    if (row?.uid === uid) this.undo.assign(row, { modseq, flags, keywords });
  }

  removeMember({ mailbox, uid, email }: MemberRow): void {
    const rows = this.#rows(mailbox);
    const at = lowerBound(rows, uid);
    const [row] = rows.splice(at, 1);
    this.undo.did(() => rows.splice(at, 0, row!));
    const left = this.#ofEmail.get(email)!.filter((other) => other !== row);
    if (left.length > 0) this.undo.set(this.#ofEmail, email, left);
    else this.undo.delete(this.#ofEmail, email);
  }

  joined(
    mailbox: number,
    first: number,
    last: number,
    limit: number,
    fields: JoinedFields,
  ): readonly JoinedRow[] {
    return this.members(mailbox, first, last, limit).map((member) => this.#joined(member, fields));
  }

  #joined(member: MemberRow, fields: JoinedFields): JoinedRow {
    const email = this.#emails.get(member.email)!;
    const { index, bytes } = this.#blobs.get(email.blobId)!;
    return {
      ...email,
      ...member,
      headerEnd: index.root.bodyStart,
      envelope: fields.envelope || fields.imapEnvelope ? index.envelope : null,
      structure: fields.structure || fields.imapStructure ? index.root : null,
      header: fields.header ? bytes.slice(0, Math.min(index.root.bodyStart, HEADER_LIMIT)) : null,
    };
  }

  addTombstone(mailbox: number, uid: number, modseq: number, email: number): void {
    const stones = this.#tombstones.get(mailbox);
    stones?.push({ uid, modseq, email });
    this.undo.did(() => stones?.pop());
  }

  tombstones(mailbox: number, since: number): readonly number[] {
    return (this.#tombstones.get(mailbox) ?? []).filter((stone) => stone.modseq > since).map((stone) => stone.uid);
  }

  membersChanged(mailbox: number, modseq: number, limit: number): readonly MemberRow[] {
    return firstGroups(this.#rows(mailbox), modseq, limit).map((row) => ({ ...row }));
  }

  tombstonesChanged(
    mailbox: number,
    modseq: number,
    limit: number,
  ): readonly { readonly modseq: number; readonly email: number }[] {
    return firstGroups(this.#tombstones.get(mailbox) ?? [], modseq, limit);
  }

  joinedOf(emails: readonly number[], fields: JoinedFields): readonly JoinedRow[] {
    return emails.flatMap((email) => this.membersOf(email)).map((member) => this.#joined(member, fields));
  }

  email(id: number): EmailRecord | null {
    return this.#emails.get(id) ?? null;
  }

  addEmail(row: EmailRecord): void {
    this.undo.set(this.#emails, row.id, row);
    this.#refer(row.blobId, 1);
    this.#own(row.account, row.blobId, 1);
  }

  reviveEmail(id: number, created: number): void {
    const row = this.#emails.get(id);
    if (row) this.undo.set(this.#emails, id, { ...row, created });
  }

  removeEmail(row: EmailRecord): void {
    this.undo.delete(this.#emails, row.id);
    const origin = this.#origins.get(row.id);
    if (origin) {
      this.undo.delete(this.#origins, row.id);
      const key = `${origin.account} ${origin.key}`;
      if (this.#originKeys.get(key) === row.id) this.undo.delete(this.#originKeys, key);
    }
    this.#refer(row.blobId, -1);
    this.#own(row.account, row.blobId, -1);
  }

  addOrigin(row: OriginRow): void {
    this.undo.set(this.#origins, row.email, row);
    this.undo.set(this.#originKeys, `${row.account} ${row.key}`, row.email);
  }

  origin(email: number): OriginRow | null {
    return this.#origins.get(email) ?? null;
  }

  hasOrigin(account: number, key: string): boolean {
    // What was removed can be imported again.
    return this.#ofEmail.has(this.#originKeys.get(`${account} ${key}`) ?? 0);
  }

  thread(account: number, keys: readonly string[], fresh: number): number {
    let known = this.#threads.get(account);
    if (!known) this.#threads.set(account, known = new Map());
    let thread = fresh;
    for (const key of keys) thread = Math.min(thread, known.get(key) ?? fresh);
    for (const key of keys) if (!known.has(key)) this.undo.set(known, key, thread);
    return thread;
  }

  blob(blobId: BlobId): BlobRow | null {
    return this.#blobs.get(blobId) ?? null;
  }

  storeBlob(row: BlobRow): number {
    const blob = this.#blobs.get(row.blobId);
    if (blob) blob.stored = true;
    return row.id;
  }

  accountHasBlob(account: number, row: BlobRow): boolean {
    return this.#blobs.get(row.blobId)!.holds > 0 || (this.#owned.get(account)?.has(row.blobId) ?? false) ||
      this.object(account, "upload", row.id) !== null;
  }

  emailsOfBlob(account: number, { blobId }: BlobRow, limit: number): readonly number[] {
    if (!this.#owned.get(account)?.has(blobId)) return [];
    return [...this.#emails.values()].filter((row) => row.account === account && row.blobId === blobId)
      .map(({ id }) => id).sort((a, b) => a - b).slice(0, limit);
  }

  mailboxHasBlob(mailbox: MailboxRow, { blobId }: BlobRow): boolean {
    return this.#rows(mailbox.id).some((row) => this.#emails.get(row.email)?.blobId === blobId);
  }

  blobIndex(blobId: BlobId): MessageIndex | null {
    return this.#blobs.get(blobId)?.index ?? null;
  }

  bytesOf(blobId: BlobId): Uint8Array | null {
    return this.#blobs.get(blobId)?.bytes ?? null;
  }

  hold(blobId: BlobId, bytes: Uint8Array, index: MessageIndex): void {
    const there = this.#blobs.get(blobId);
    if (there) there.holds++;
    else {
      this.#blobs.set(blobId, {
        id: this.#nextBlob++,
        blobId,
        size: bytes.length,
        bytes,
        index,
        holds: 1,
        refs: 0,
        stored: false,
      });
    }
  }

  letGo(blobId: BlobId): void {
    const blob = this.#blobs.get(blobId);
    if (blob) blob.holds--;
    if (blob && blob.holds === 0 && !blob.stored) this.#blobs.delete(blobId);
  }

  /** Blobs of removed emails stay readable for a round: another session may be in the middle of sending them. */
  reclaim(): number {
    let freed = 0;
    const due = this.#due;
    this.#due = new Set();
    const uploads = this.keptUploads(this.wall());
    for (const blob of this.#blobs.values()) {
      if (uploads.has(blob.id)) blob.stored = true;
      if (uploads.has(blob.id) || blob.holds > 0 || blob.refs > 0) continue;
      if (due.has(blob.id)) {
        this.#blobs.delete(blob.blobId);
        freed += blob.size;
      } else this.#due.add(blob.id);
    }
    this.#pruneTombstones();
    this.#pruneJournal();
    this.pruneDestroyed();
    return freed;
  }

  #pruneTombstones(): void {
    for (const row of this.everyMailbox()) {
      const stones = this.#tombstones.get(row.id) ?? [];
      if (stones.length <= TOMBSTONES) continue;
      row.floor = stones[stones.length - TOMBSTONES - 1]!.modseq;
      this.#tombstones.set(row.id, stones.filter(({ modseq }) => modseq > row.floor));
    }
  }

  /** The newest line is the clock. */
  #pruneJournal(): void {
    let newest = 0;
    for (const entries of this.#journal.values()) newest = Math.max(newest, entries.at(-1)?.at ?? 0);
    for (const [traceId, entries] of this.#journal) {
      if ((entries.at(-1)?.at ?? 0) < newest - JOURNAL_MS) this.#journal.delete(traceId);
    }
  }

  queueRow(id: number): QueueRecord | null {
    const row = this.#queue.get(id);
    return row ? { ...row } : null;
  }

  queueRows(after: number, limit: number, { state, domain, traceId }: QueueFilter): readonly QueueRecord[] {
    return this.#queueWhere((row) =>
      row.id > after && (state === undefined || row.state === state) &&
      (domain === undefined || row.domain === domain) && (traceId === undefined || row.traceId === traceId)
    ).slice(0, limit);
  }

  queueDue(of: QueueClass, now: number, limit: number): readonly QueueRecord[] {
    return this.#queueWhere((row) => row.class === of && row.wakeAt !== null && row.wakeAt <= now)
      .sort((a, b) => a.wakeAt! - b.wakeAt! || a.id - b.id).slice(0, limit);
  }

  queueBeside({ id, traceId, domain, route }: QueueRecord, now: number, limit: number): readonly QueueRecord[] {
    return this.#queueWhere((row) =>
      row.traceId === traceId && row.id >= id && row.domain === domain && row.route === route &&
      row.wakeAt !== null && row.wakeAt <= now
    ).slice(0, limit);
  }

  queueNext(): number | null {
    let next: number | null = null;
    for (const { wakeAt } of this.#queue.values()) {
      if (wakeAt !== null && (next === null || wakeAt < next)) next = wakeAt;
    }
    return next;
  }

  queueCount(): Readonly<Record<QueueState, number>> {
    const count = { ready: 0, leased: 0, held: 0 };
    for (const { state } of this.#queue.values()) count[state]++;
    return count;
  }

  addQueueRow(row: QueueRecord): void {
    this.undo.set(this.#queue, row.id, row);
    this.#refer(row.blobId, 1);
  }

  saveQueueRow(changed: QueueRecord): void {
    const row = this.#queue.get(changed.id);
    if (!row) return;
    const { state, priority, class: of, attempts, queuedAt, dueAt, expiresAt, lastReply, owner, wakeAt, route } =
      changed;
    const times = { queuedAt, dueAt, expiresAt, wakeAt };
    this.undo.assign(row, { state, priority, class: of, attempts, ...times, lastReply, owner, route });
  }

  removeQueueRow(row: QueueRecord): void {
    this.undo.delete(this.#queue, row.id);
    this.#refer(row.blobId, -1);
  }

  addJournal(traceId: string, entries: readonly JournalEntry[]): void {
    this.undo.set(this.#journal, traceId, [...this.#journal.get(traceId) ?? [], ...entries]);
  }

  journal(traceId: string): readonly JournalEntry[] {
    return [...this.#journal.get(traceId) ?? []];
  }

  /** Copies, in the order of their ids. */
  #queueWhere(wanted: (row: QueueRecord) => boolean): QueueRecord[] {
    return [...this.#queue.values()].filter(wanted).sort((a, b) => a.id - b.id).map((row) => ({ ...row }));
  }

  #rows(mailbox: number): MemberRow[] {
    return this.#members.get(mailbox) ?? [];
  }

  #refer(blobId: BlobId, by: number): void {
    const blob = this.#blobs.get(blobId);
    if (!blob) return;
    blob.refs += by;
    blob.stored = true;
    this.undo.did(() => blob.refs -= by);
  }

  #own(account: number, blobId: BlobId, by: number): void {
    let owned = this.#owned.get(account);
    if (!owned) this.#owned.set(account, owned = new Map());
    const count = (owned.get(blobId) ?? 0) + by;
    if (count > 0) this.undo.set(owned, blobId, count);
    else this.undo.delete(owned, blobId);
  }
}
