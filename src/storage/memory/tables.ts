/** Rows in maps. What it hands out is live: a row is changed in place, then saved (which does nothing here). */
import type { BlobId, JournalEntry, MailboxRole } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { DELETED, SEEN } from "../engine/flags.ts";
import type {
  AccountRow,
  AliasRow,
  BlobRow,
  DomainRow,
  EmailRecord,
  JoinedRow,
  MailboxRow,
  MemberRow,
  QueueRecord,
  Sequence,
  Transaction,
} from "../engine/tables.ts";
import { TouchedSet } from "../engine/watchers.ts";
import { byAddress, distinctKeywords, lowerBound, ofDomain } from "../engine/order.ts";

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
}

export class MemoryTables implements Transaction {
  readonly touched = new TouchedSet();
  readonly #sequences = new Map<Sequence, number>();
  readonly #domains = new Map<string, DomainRow>();
  readonly #aliases = new Map<string, AliasRow>();
  readonly #settings = new Map<string, string>();
  readonly #accounts = new Map<number, AccountRow>();
  readonly #addresses = new Map<string, AccountRow>();
  readonly #mailboxes = new Map<number, Map<number, MailboxRow>>();
  readonly #subscriptions = new Map<number, Set<string>>();
  readonly #members = new Map<number, MemberRow[]>();
  readonly #ofEmail = new Map<number, MemberRow[]>();
  readonly #tombstones = new Map<number, { uid: number; modseq: number }[]>();
  readonly #emails = new Map<number, EmailRecord>();
  readonly #threads = new Map<number, Map<string, number>>();
  readonly #blobs = new Map<BlobId, Blob>();
  readonly #owned = new Map<number, Map<BlobId, number>>();
  readonly #queue = new Map<number, QueueRecord>();
  readonly #journal = new Map<string, JournalEntry[]>();
  #nextBlob = 1;

  touch(account: number, mailbox: number | null): void {
    this.touched.touch(account, mailbox);
  }

  touchQueue(): void {
    this.touched.queue = true;
  }

  next(sequence: Sequence): number {
    const next = (this.#sequences.get(sequence) ?? 0) + 1;
    this.#sequences.set(sequence, next);
    return next;
  }

  domain(name: string): DomainRow | null {
    return this.#domains.get(name) ?? null;
  }

  domains(): readonly DomainRow[] {
    return [...this.#domains.values()];
  }

  putDomain(row: DomainRow): void {
    this.#domains.set(row.name, row);
  }

  removeDomain(name: string): void {
    this.#domains.delete(name);
  }

  alias(address: string): AliasRow | null {
    return this.#aliases.get(address) ?? null;
  }

  aliases(domain: string | null): readonly AliasRow[] {
    return ofDomain(this.#aliases.values(), domain).sort(byAddress);
  }

  putAlias(row: AliasRow): void {
    this.#aliases.set(row.address, row);
  }

  removeAlias(address: string): void {
    this.#aliases.delete(address);
  }

  setting(name: string): string | null {
    return this.#settings.get(name) ?? null;
  }

  putSetting(name: string, value: string): void {
    this.#settings.set(name, value);
  }

  account(id: number): AccountRow | null {
    return this.#accounts.get(id) ?? null;
  }

  accountByAddress(address: string): AccountRow | null {
    return this.#addresses.get(address) ?? null;
  }

  accounts(domain: string | null): readonly AccountRow[] {
    return ofDomain(this.#accounts.values(), domain).sort(byAddress);
  }

  firstAccount(domain: string): AccountRow | null {
    return ofDomain(this.#accounts.values(), domain)[0] ?? null;
  }

  addAccount(row: AccountRow): void {
    this.#accounts.set(row.id, row);
    this.#addresses.set(row.address, row);
    this.#mailboxes.set(row.id, new Map());
    this.#subscriptions.set(row.id, new Set());
  }

  saveAccount(_row: AccountRow): void {}

  removeAccount(row: AccountRow): void {
    this.#accounts.delete(row.id);
    this.#addresses.delete(row.address);
    this.#mailboxes.delete(row.id);
    this.#subscriptions.delete(row.id);
    this.#threads.delete(row.id);
    this.#owned.delete(row.id);
  }

  mailboxes(account: number): Iterable<MailboxRow> {
    return this.#mailboxes.get(account)?.values() ?? [];
  }

  mailbox(account: number, id: number): MailboxRow | null {
    return this.#mailboxes.get(account)?.get(id) ?? null;
  }

  mailboxByPath(account: number, path: string): MailboxRow | null {
    for (const row of this.mailboxes(account)) if (row.path === path) return row;
    return null;
  }

  mailboxByRole(account: number, role: MailboxRole): MailboxRow | null {
    for (const row of this.mailboxes(account)) if (row.role === role) return row;
    return null;
  }

  addMailbox(row: MailboxRow): void {
    this.#mailboxes.get(row.account)?.set(row.id, row);
    this.#members.set(row.id, []);
    this.#tombstones.set(row.id, []);
  }

  saveMailbox(_row: MailboxRow): void {}

  movePath(row: MailboxRow, path: string): void {
    (row as { path: string }).path = path;
  }

  removeMailbox(row: MailboxRow): void {
    this.#mailboxes.get(row.account)?.delete(row.id);
    this.#members.delete(row.id);
    this.#tombstones.delete(row.id);
  }

  subscriptions(account: number): readonly string[] {
    return [...this.#subscriptions.get(account) ?? []].sort();
  }

  isSubscribed(account: number, path: string): boolean {
    return this.#subscriptions.get(account)?.has(path) ?? false;
  }

  subscribe(account: number, path: string, subscribed: boolean): void {
    const names = this.#subscriptions.get(account);
    if (subscribed) names?.add(path);
    else names?.delete(path);
  }

  members(mailbox: number, first: number, last: number, limit: number): readonly MemberRow[] {
    const rows = this.#rows(mailbox);
    const start = lowerBound(rows, first);
    return rows.slice(start, Math.min(lowerBound(rows, last + 1), start + limit));
  }

  membersOf(email: number): readonly MemberRow[] {
    return [...this.#ofEmail.get(email) ?? []];
  }

  membersSince(mailbox: number, modseq: number): readonly MemberRow[] {
    return this.#rows(mailbox).filter((row) => row.modseq > modseq);
  }

  uids(mailbox: number): Uint32Array {
    return Uint32Array.from(this.#rows(mailbox), (row) => row.uid);
  }

  firstUnseen(mailbox: number): number | null {
    return this.#rows(mailbox).find((row) => !(row.flags & SEEN))?.uid ?? null;
  }

  deletedUids(mailbox: number): readonly number[] {
    return this.#rows(mailbox).filter((row) => row.flags & DELETED).map((row) => row.uid);
  }

  keywordsIn(mailbox: number): readonly string[] {
    return distinctKeywords(this.#rows(mailbox).map((row) => row.keywords));
  }

  addMember(row: MemberRow): void {
    this.#rows(row.mailbox).push(row); // UIDs only grow
    const siblings = this.#ofEmail.get(row.email);
    if (siblings) siblings.push(row);
    else this.#ofEmail.set(row.email, [row]);
  }

  saveMember(_row: MemberRow): void {}

  removeMember(row: MemberRow): void {
    const rows = this.#rows(row.mailbox);
    rows.splice(lowerBound(rows, row.uid), 1);
    const left = this.membersOf(row.email).filter((other) => other !== row);
    if (left.length > 0) this.#ofEmail.set(row.email, left);
    else this.#ofEmail.delete(row.email);
  }

  joined(
    mailbox: number,
    first: number,
    last: number,
    limit: number,
    fields: { readonly envelope: boolean; readonly structure: boolean },
  ): readonly JoinedRow[] {
    return this.members(mailbox, first, last, limit).map((member) => {
      const email = this.#emails.get(member.email)!;
      const { index } = this.#blobs.get(email.blobId)!;
      return {
        ...email,
        ...member,
        headerEnd: index.root.bodyStart,
        envelope: fields.envelope ? index.envelope : null,
        structure: fields.structure ? index.root : null,
      };
    });
  }

  addTombstone(mailbox: number, uid: number, modseq: number, _email: number): void {
    this.#tombstones.get(mailbox)?.push({ uid, modseq });
  }

  tombstones(mailbox: number, since: number): readonly number[] {
    return (this.#tombstones.get(mailbox) ?? []).filter((stone) => stone.modseq > since).map((stone) => stone.uid);
  }

  email(id: number): EmailRecord | null {
    return this.#emails.get(id) ?? null;
  }

  addEmail(row: EmailRecord): void {
    this.#emails.set(row.id, row);
    this.#refer(row.blobId, 1);
    this.#own(row.account, row.blobId, 1);
  }

  removeEmail(row: EmailRecord): void {
    this.#emails.delete(row.id);
    this.#refer(row.blobId, -1);
    this.#own(row.account, row.blobId, -1);
  }

  thread(account: number, keys: readonly string[], fresh: number): number {
    let known = this.#threads.get(account);
    if (!known) this.#threads.set(account, known = new Map());
    let thread = fresh;
    for (const key of keys) thread = Math.min(thread, known.get(key) ?? fresh);
    for (const key of keys) if (!known.has(key)) known.set(key, thread);
    return thread;
  }

  blob(blobId: BlobId): BlobRow | null {
    return this.#blobs.get(blobId) ?? null;
  }

  storeBlob(row: BlobRow): number {
    return row.id;
  }

  accountHasBlob(account: number, row: BlobRow): boolean {
    return this.#blobs.get(row.blobId)!.holds > 0 || (this.#owned.get(account)?.has(row.blobId) ?? false);
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
      this.#blobs.set(blobId, { id: this.#nextBlob++, blobId, size: bytes.length, bytes, index, holds: 1, refs: 0 });
    }
  }

  letGo(blobId: BlobId): void {
    const blob = this.#blobs.get(blobId);
    if (blob) blob.holds--;
    if (blob && blob.holds === 0 && blob.refs === 0) this.#blobs.delete(blobId);
  }

  /** Blobs of removed emails stay readable until now: another session may be in the middle of sending them. */
  reclaim(): number {
    let freed = 0;
    for (const blob of this.#blobs.values()) {
      if (blob.holds > 0 || blob.refs > 0) continue;
      this.#blobs.delete(blob.blobId);
      freed += blob.size;
    }
    return freed;
  }

  queueRow(id: number): QueueRecord | null {
    return this.#queue.get(id) ?? null;
  }

  queueRows(after: number, limit: number): readonly QueueRecord[] {
    return [...this.#queue.values()].filter((row) => row.id > after).slice(0, limit);
  }

  queueDue(now: number, limit: number): readonly QueueRecord[] {
    return [...this.#queue.values()].filter((row) => row.wakeAt !== null && row.wakeAt <= now)
      .sort((a, b) => a.wakeAt! - b.wakeAt! || a.id - b.id).slice(0, limit);
  }

  queueOfTrace(traceId: string): readonly QueueRecord[] {
    return [...this.#queue.values()].filter((row) => row.traceId === traceId);
  }

  queueNext(): number | null {
    let next: number | null = null;
    for (const { wakeAt } of this.#queue.values()) {
      if (wakeAt !== null && (next === null || wakeAt < next)) next = wakeAt;
    }
    return next;
  }

  addQueueRow(row: QueueRecord): void {
    this.#queue.set(row.id, row);
    this.#refer(row.blobId, 1);
  }

  saveQueueRow(_row: QueueRecord): void {}

  removeQueueRow(row: QueueRecord): void {
    this.#queue.delete(row.id);
    this.#refer(row.blobId, -1);
  }

  addJournal(traceId: string, entries: readonly JournalEntry[]): void {
    const there = this.#journal.get(traceId);
    if (there) there.push(...entries);
    else this.#journal.set(traceId, [...entries]);
  }

  journal(traceId: string): readonly JournalEntry[] {
    return [...this.#journal.get(traceId) ?? []];
  }

  #rows(mailbox: number): MemberRow[] {
    return this.#members.get(mailbox) ?? [];
  }

  #refer(blobId: BlobId, by: number): void {
    const blob = this.#blobs.get(blobId);
    if (blob) blob.refs += by;
  }

  #own(account: number, blobId: BlobId, by: number): void {
    let owned = this.#owned.get(account);
    if (!owned) this.#owned.set(account, owned = new Map());
    const count = (owned.get(blobId) ?? 0) + by;
    if (count > 0) owned.set(blobId, count);
    else owned.delete(blobId);
  }
}
