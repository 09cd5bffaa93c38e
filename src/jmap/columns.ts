/**
 * All emails of an account in columns: what queries, threads and counts look at. It is changed in place by one owner, who
 * tells it what became of each email.
 */
import { lowerAscii } from "../base/ascii.ts";
import type { EmailColumns, EmailId, MailboxCounts, MailboxId, Modseq, SortText, ThreadId } from "../contract/mod.ts";

/** What is known of one email. */
export interface ColumnRow {
  readonly emailId: EmailId;
  readonly threadId: ThreadId;
  readonly internalDate: number;
  readonly sentAt: number | null;
  readonly size: number;
  readonly flags: readonly string[];
  readonly mailboxIds: readonly MailboxId[];
}

const BITS: ReadonlyMap<string, number> = new Map([["\\Seen", 1], ["\\Answered", 2], ["\\Flagged", 4], ["\\Draft", 8]]);
/** \Seen or \Draft: not unread (RFC 8621 section 2). */
const READ = 1 | 8;

/** What a thread adds to the counts of the mailboxes it is in. Most threads add the same: equal shares are one. */
type Share = readonly ({ readonly mailboxId: MailboxId } & MailboxCounts)[];
/** Beyond so many that differ, they are not looked for. */
const SHARES = 10_000;

export class Columns implements EmailColumns {
  state = 0 as Modseq;
  length = 0;
  readonly emailIds: (EmailId | null)[] = [];
  readonly rowOf = new Map<EmailId, number>();
  readonly keywords: string[] = [];
  readonly mailboxIds: (readonly MailboxId[])[] = [];
  readonly threadIds: ThreadId[] = [];
  receivedAt = new Float64Array(64);
  sentAt = new Float64Array(64);
  sizes = new Float64Array(64);
  flags = new Uint8Array(64);
  threads = new Uint32Array(64);
  /** 0: nobody looked; 1: none; 2: some. */
  attachments = new Uint8Array(64);
  readonly sortTexts = new Map<EmailId, SortText>();
  readonly #lists = new Map<string, readonly MailboxId[]>();
  readonly #threadOf = new Map<ThreadId, number>();
  /** A row where it is alone, which most are; -1: none. */
  readonly #threadRows: (number | number[])[] = [];
  readonly #free: number[] = [];
  #newest = new Uint32Array(0);
  #added: number[] = [];
  #isStale = false;
  readonly #shares: (Share | undefined)[] = [];
  readonly #equalShares = new Map<string, Share>();
  readonly #changed = new Set<number>();
  readonly #counts = new Map<MailboxId, { -readonly [K in keyof MailboxCounts]: MailboxCounts[K] }>();
  #trash = new Set<MailboxId>();

  /** An email as it is now; `add`: it is there in this mailbox besides those that were told before. */
  put(row: ColumnRow, add = false): void {
    const known = this.rowOf.get(row.emailId);
    const at = known ?? this.#newRow(row);
    const before = known === undefined ? [] : this.mailboxIds[at]!;
    this.mailboxIds[at] = this.#list(add ? [...new Set([...before, ...row.mailboxIds])] : row.mailboxIds);
    let bits = 0;
    let keywords = "";
    for (const flag of row.flags) {
      const bit = BITS.get(flag);
      if (bit !== undefined) bits |= bit;
      else if (!flag.startsWith("\\")) keywords += (keywords === "" ? "" : " ") + lowerAscii(flag);
    }
    this.flags[at] = bits;
    this.keywords[at] = keywords;
    this.#changed.add(this.threads[at]!);
  }

  /** An email is gone. */
  remove(emailId: EmailId): void {
    const at = this.rowOf.get(emailId);
    if (at === undefined) return;
    const thread = this.threads[at]!;
    const rows = this.#threadRows[thread]!;
    if (typeof rows === "number") this.#threadRows[thread] = -1;
    else rows.splice(rows.indexOf(at), 1);
    this.#changed.add(thread);
    this.rowOf.delete(emailId);
    this.sortTexts.delete(emailId);
    this.emailIds[at] = null;
    this.keywords[at] = "";
    this.attachments[at] = 0;
    this.mailboxIds[at] = [];
    this.#free.push(at);
    this.#isStale = true;
  }

  /** Emails of which nobody knows whether they have attachments, at most `limit`. */
  unknownAttachments(limit: number): EmailId[] {
    const found: EmailId[] = [];
    for (let row = 0; row < this.length && found.length < limit; row++) {
      const id = this.emailIds[row];
      if (id && this.attachments[row] === 0) found.push(id);
    }
    return found;
  }

  noteAttachments(emailId: EmailId, some: boolean): void {
    const row = this.rowOf.get(emailId);
    if (row !== undefined) this.attachments[row] = some ? 2 : 1;
  }

  threadOf(threadId: ThreadId): number {
    return this.#threadOf.get(threadId) ?? -1;
  }

  threadRows(thread: number): readonly number[] {
    const rows = this.#threadRows[thread] ?? -1;
    return typeof rows === "number" ? (rows < 0 ? [] : [rows]) : rows;
  }

  /** Sorted anew only as far as it changed. */
  get newest(): Uint32Array {
    if (!this.#isStale && this.#added.length === 0) return this.#newest;
    const added = [...new Set(this.#added)].filter((row) => this.emailIds[row] !== null).sort((a, b) =>
      this.#order(a, b)
    );
    // A row that was freed and taken again is in its new place only.
    const fresh = new Set(added);
    const merged = new Uint32Array(this.rowOf.size);
    let [to, next] = [0, 0];
    for (const row of this.#newest) {
      if (this.emailIds[row] === null || fresh.has(row)) continue;
      while (next < added.length && this.#order(added[next]!, row) < 0) merged[to++] = added[next++]!;
      merged[to++] = row;
    }
    while (next < added.length) merged[to++] = added[next++]!;
    this.#newest = merged;
    this.#added = [];
    this.#isStale = false;
    return merged;
  }

  /** RFC 8621 section 2; `trash`: mailboxes with that role. */
  counts(trash: ReadonlySet<MailboxId>): ReadonlyMap<MailboxId, MailboxCounts> {
    if (trash.size !== this.#trash.size || [...trash].some((id) => !this.#trash.has(id))) {
      this.#trash = new Set(trash);
      for (const thread of this.threadIds.keys()) this.#changed.add(thread);
    }
    for (const thread of this.#changed) {
      const before = this.#shares[thread];
      if (before) this.#add(before, -1);
      const now = this.#share(thread);
      this.#shares[thread] = now;
      this.#add(now, 1);
    }
    this.#changed.clear();
    return this.#counts;
  }

  #share(thread: number): Share {
    const emails = new Map<MailboxId, { total: number; unread: number }>();
    let [unread, unreadInTrash] = [false, false];
    for (const row of this.threadRows(thread)) {
      const isUnread = (this.flags[row]! & READ) === 0;
      for (const mailboxId of this.mailboxIds[row]!) {
        const { total, unread: before } = emails.get(mailboxId) ?? { total: 0, unread: 0 };
        emails.set(mailboxId, { total: total + 1, unread: before + Number(isUnread) });
        if (!isUnread) continue;
        // "Emails in the Trash are ignored when calculating the count of other mailboxes", and the other way round.
        if (this.#trash.has(mailboxId)) unreadInTrash = true;
        else unread = true;
      }
    }
    let key = "";
    const share = Array.from(emails, ([mailboxId, { total, unread: unreadEmails }]) => {
      const unreadThreads = Number(this.#trash.has(mailboxId) ? unreadInTrash : unread);
      key += `${mailboxId} ${total} ${unreadEmails} ${unreadThreads},`;
      return { mailboxId, totalEmails: total, unreadEmails, totalThreads: 1, unreadThreads };
    });
    const equal = this.#equalShares.get(key);
    if (!equal && this.#equalShares.size < SHARES) this.#equalShares.set(key, share);
    return equal ?? share;
  }

  #add(share: Share, by: 1 | -1): void {
    for (const { mailboxId, totalEmails, unreadEmails, totalThreads, unreadThreads } of share) {
      const counts = this.#countsOf(mailboxId);
      counts.totalEmails += by * totalEmails;
      counts.unreadEmails += by * unreadEmails;
      counts.totalThreads += by * totalThreads;
      counts.unreadThreads += by * unreadThreads;
    }
  }

  #countsOf(mailboxId: MailboxId) {
    let counts = this.#counts.get(mailboxId);
    if (!counts) {
      counts = { totalEmails: 0, unreadEmails: 0, totalThreads: 0, unreadThreads: 0 };
      this.#counts.set(mailboxId, counts);
    }
    return counts;
  }

  #newRow({ emailId, threadId, internalDate, sentAt, size }: ColumnRow): number {
    const at = this.#free.pop() ?? this.length++;
    if (at >= this.flags.length) this.#grow();
    this.emailIds[at] = emailId;
    this.rowOf.set(emailId, at);
    this.receivedAt[at] = internalDate;
    this.sentAt[at] = sentAt ?? NaN;
    this.sizes[at] = size;
    this.threads[at] = this.#thread(threadId);
    this.#joinThread(this.threads[at]!, at);
    this.#added.push(at);
    return at;
  }

  #joinThread(thread: number, row: number): void {
    const rows = this.#threadRows[thread]!;
    if (rows === -1) return void (this.#threadRows[thread] = row);
    const all = typeof rows === "number" ? [rows] : rows;
    let place = all.length;
    while (place > 0 && this.#order(all[place - 1]!, row) < 0) place--;
    all.splice(place, 0, row);
    this.#threadRows[thread] = all;
  }

  #thread(threadId: ThreadId): number {
    let thread = this.#threadOf.get(threadId);
    if (thread === undefined) {
      thread = this.threadIds.push(threadId) - 1;
      this.#threadOf.set(threadId, thread);
      this.#threadRows.push(-1);
    }
    return thread;
  }

  /** Negative: `a` is newer. */
  #order(a: number, b: number): number {
    return this.receivedAt[b]! - this.receivedAt[a]! || compareIds(this.emailIds[b]!, this.emailIds[a]!);
  }

  #list(mailboxIds: readonly MailboxId[]): readonly MailboxId[] {
    const sorted = mailboxIds.length > 1 ? [...mailboxIds].sort(compareIds) : mailboxIds;
    const key = sorted.join(" ");
    let list = this.#lists.get(key);
    if (!list) this.#lists.set(key, list = sorted);
    return list;
  }

  #grow(): void {
    const size = this.flags.length * 2;
    const larger = <A extends { set(old: A): void }>(old: A, grown: A): A => (grown.set(old), grown);
    this.receivedAt = larger(this.receivedAt, new Float64Array(size));
    this.sentAt = larger(this.sentAt, new Float64Array(size));
    this.sizes = larger(this.sizes, new Float64Array(size));
    this.flags = larger(this.flags, new Uint8Array(size));
    this.attachments = larger(this.attachments, new Uint8Array(size));
    this.threads = larger(this.threads, new Uint32Array(size));
  }
}

/** Ids of one kind in the order in which they were made. */
function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
