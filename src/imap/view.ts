/**
 * What one client knows of its selected mailbox: the only place that knows both numberings, sequence numbers and
 * UIDs. News waits here until it may be told (RFC 9051 sections 5.5 and 7.5.1), and what this session did itself is
 * not told twice.
 *
 * Rules:
 * - A sequence number means what the client was told last; only `flush` and `remove` change the numbering.
 * - UIDs that were not announced do not exist for the client: no command reaches them.
 */
import type {
  AccountId,
  FlagChange,
  MailboxChanges,
  MailboxId,
  MailboxSnapshot,
  Uid,
  UidRange,
} from "../contract/mod.ts";
import type { Contexts } from "./contexts.ts";
import { formatSet, type SequenceSet, STAR } from "./wire/sequence_set.ts";

/** How flags are printed: the session knows about MODSEQ, the view does not. */
export type PrintFlags = (seq: number, change: FlagChange) => string;

export class View {
  readonly accountId: AccountId;
  readonly mailboxId: MailboxId;
  readonly path: string;
  /** What the user may do, as far as is known (RFC 4314). */
  rights: string;
  /** Keywords that FLAGS has announced. */
  readonly keywords: Set<string>;
  /** The mailbox itself is gone. */
  deleted = false;
  /** What SEARCH SAVE kept (`$`): UIDs, ascending. Removed messages need no care: no row answers for them. */
  saved: readonly number[] = [];
  /** Searches that are kept up to date; null: none ever was. */
  contexts: Contexts | null = null;
  readonly #examined: boolean;
  /** Shared with other views of the mailbox until this one differs: then it gets its own. */
  #uids: Uint32Array;
  #shared = true;
  #count: number;
  #top: number;
  #modseq: number;
  #fresh: number[] = [];
  #flags = new Map<number, FlagChange>();
  #vanished = new Set<number>();
  #told = new Map<number, number>();
  #listsChanged = false;

  constructor(accountId: AccountId, snapshot: MailboxSnapshot, readOnly: boolean) {
    const { mailbox, uids, keywords } = snapshot;
    this.accountId = accountId;
    this.mailboxId = mailbox.mailboxId;
    this.path = mailbox.path;
    this.rights = mailbox.rights;
    this.#examined = readOnly;
    this.keywords = new Set(keywords);
    this.#uids = uids;
    this.#count = uids.length;
    this.#top = Math.max(mailbox.uidNext - 1, uids[uids.length - 1] ?? 0);
    this.#modseq = mailbox.highestModseq;
  }

  /** Opened by EXAMINE, or without any right to change something (RFC 4314 section 5.2: \Seen is shared here too). */
  get readOnly(): boolean {
    return this.#examined || !/[swite]/.test(this.rights);
  }

  /** Messages that the client knows of. */
  get count(): number {
    return this.#count;
  }

  /** The highest UID that was ever given here, as far as is known: what `*` is among vanished ones. */
  get top(): number {
    return this.#top;
  }

  /** EXPUNGE responses wait until they may be told. */
  get holdsExpunge(): boolean {
    return this.#vanished.size > 0;
  }

  /** Messages that are gone and were not told yet. */
  get vanishing(): readonly number[] {
    return [...this.#vanished];
  }

  /** Messages that are there and were not told yet, ascending. */
  get fresh(): readonly Uid[] {
    return [...this.#fresh] as Uid[];
  }

  /** Up to which modseq the news has come. */
  get modseq(): number {
    return this.#modseq;
  }

  /** The sequence number, or 0 where the client does not know the UID. */
  seqOf(uid: number): number {
    const at = this.#lowerBound(uid);
    return at < this.#count && this.#uids[at] === uid ? at + 1 : 0;
  }

  /** As `seqOf`, quick where the UID is the next one that is known behind sequence number `before`. */
  seqAfter(uid: number, before: number): number {
    return before < this.#count && this.#uids[before] === uid ? before + 1 : this.seqOf(uid);
  }

  /** The UID at a sequence number between 1 and `count`. */
  uidAt(seq: number): Uid {
    return this.#uids[seq - 1]! as Uid;
  }

  /** How many known messages lie in the ranges. */
  countIn(ranges: readonly UidRange[]): number {
    let total = 0;
    for (const { first, last } of ranges) total += this.#lowerBound(last + 1) - this.#lowerBound(first);
    return total;
  }

  /** The known UIDs in the ranges, ascending. */
  *uidsIn(ranges: readonly UidRange[]): Generator<Uid> {
    for (const { first, last } of ranges) {
      for (let at = this.#lowerBound(first); at < this.#count && this.#uids[at]! <= last; at++) {
        yield this.#uids[at]! as Uid;
      }
    }
  }

  /** The ranges in pieces of at most `size` known messages, for what would keep others waiting if it were done at once. */
  *pieces(ranges: readonly UidRange[], size: number): Generator<UidRange[]> {
    let piece: UidRange[] = [];
    let room = size;
    for (const { first, last } of ranges) {
      const end = this.#lowerBound(last + 1);
      for (let at = this.#lowerBound(first); at < end;) {
        const stop = Math.min(end, at + room);
        piece.push({ first: this.#uids[at]! as Uid, last: this.#uids[stop - 1]! as Uid });
        room -= stop - at;
        at = stop;
        if (room > 0) continue;
        yield piece;
        piece = [];
        room = size;
      }
    }
    if (piece.length > 0) yield piece;
  }

  /**
   * A set as UID ranges: ascending, apart, ends that are known UIDs. Null: a sequence number is larger than the
   * number of messages (RFC 9051 section 9, `seq-number`: BAD). Unknown UIDs are left out (section 6.4.9).
   */
  ranges(set: SequenceSet, byUid: boolean): UidRange[] | null {
    if (set === "$") return joined(this.saved.map((uid) => [uid, uid]), this);
    const pairs: [number, number][] = [];
    for (const { first, last } of set) {
      const most = byUid ? this.#uids[this.#count - 1] ?? 0 : this.#count;
      const a = first === STAR ? most : first;
      const b = last === STAR ? most : last;
      if (byUid) pairs.push(a < b ? [a, b] : [b, a]);
      else if (a < 1 || b < 1 || a > this.#count || b > this.#count) return null;
      else pairs.push([this.uidAt(Math.min(a, b)), this.uidAt(Math.max(a, b))]);
    }
    return joined(pairs, this);
  }

  /** The known part of a range of UIDs, with ends that are known; null where there is none. */
  clip(first: number, last: number): UidRange | null {
    const from = this.#lowerBound(first);
    const to = this.#lowerBound(last + 1) - 1;
    return from > to ? null : { first: this.#uids[from]! as Uid, last: this.#uids[to]! as Uid };
  }

  /** Takes news in; it is told at the next `flush`. The same news may come twice. */
  apply(changes: MailboxChanges): void {
    if (changes.mailboxId !== this.mailboxId) return;
    if (changes.deleted) this.deleted = true;
    if (changes.rights !== undefined && changes.rights !== this.rights) this.#takeRights(changes.rights);
    for (const change of changes.changed) {
      this.contexts?.touch(change.uid);
      if (change.uid > this.#top) {
        this.#top = change.uid;
        this.#fresh.push(change.uid);
      } else if (change.modseq > this.#modseq && change.modseq > (this.#told.get(change.uid) ?? 0)) {
        if (this.seqOf(change.uid) > 0) this.#flags.set(change.uid, change);
      }
      this.learn(change.flags);
    }
    this.#dropFresh(changes.vanished); // came and went between two flushes
    for (const uid of changes.vanished) {
      if (this.seqOf(uid) > 0) {
        this.#vanished.add(uid);
        this.#flags.delete(uid);
      }
      if (uid > this.#top) this.#top = uid;
    }
    if (changes.modseq > this.#modseq) this.#modseq = changes.modseq;
    for (const [uid, modseq] of this.#told) if (modseq <= this.#modseq) this.#told.delete(uid);
  }

  /** This session has told the client these flags itself: news of them up to that modseq is no news. */
  told(changes: readonly FlagChange[]): void {
    for (const { uid, modseq, flags } of changes) {
      this.contexts?.touch(uid);
      if (modseq > this.#modseq) this.#told.set(uid, modseq);
      const waiting = this.#flags.get(uid);
      if (waiting && waiting.modseq <= modseq) this.#flags.delete(uid);
      this.learn(flags);
    }
  }

  /** Notes keywords in use; FLAGS announces new ones at the next flush. True: there was a new one. */
  learn(flags: readonly string[]): boolean {
    const before = this.keywords.size;
    for (const flag of flags) if (flag[0] !== "\\") this.keywords.add(flag);
    if (this.keywords.size > before) this.#listsChanged = true;
    return this.keywords.size > before;
  }

  /** RFC 4314 section 5.1.1: FLAGS and PERMANENTFLAGS SHOULD be told again where they are not the same any more. */
  #takeRights(rights: string): void {
    const ofFlags = (all: string): string => all.replace(/[^swt]/g, "");
    if (!this.#examined && ofFlags(rights) !== ofFlags(this.rights)) this.#listsChanged = true;
    this.rights = rights;
  }

  /** Whether flag lists wait to be announced, for new keywords or other rights; asking takes the mark away. */
  takeNewKeywords(): boolean {
    const grew = this.#listsChanged;
    this.#listsChanged = false;
    return grew;
  }

  /** Takes messages out that this session removed, and prints their EXPUNGE or VANISHED responses. */
  remove(uids: readonly number[], byUid: boolean): string {
    const known = uids.filter((uid) => this.seqOf(uid) > 0);
    for (const uid of known) this.#vanished.add(uid);
    this.#dropFresh(uids);
    return this.#expunge(byUid);
  }

  #dropFresh(uids: readonly number[]): void {
    if (uids.length === 0 || this.#fresh.length === 0) return;
    const gone = new Set(uids);
    this.#fresh = this.#fresh.filter((uid) => !gone.has(uid));
  }

  /**
   * Prints what waits. `mayExpunge` false: EXPUNGE is held back, and the numbering stays. `byUid`: VANISHED is told in
   * its place (RFC 7162 section 3.2.10).
   */
  flush(mayExpunge: boolean, print: PrintFlags, byUid: boolean = false): string {
    let out = "";
    if (mayExpunge && this.#vanished.size > 0) out += this.#expunge(byUid);
    if (this.#fresh.length > 0) {
      this.#append(this.#fresh);
      this.#fresh = [];
      out += `* ${this.#count} EXISTS\r\n`;
    }
    if (this.#flags.size > 0) {
      for (const change of [...this.#flags.values()].sort((a, b) => a.uid - b.uid)) {
        out += print(this.seqOf(change.uid), change);
      }
      this.#flags.clear();
    }
    return out;
  }

  /** From the last to the first, so that each number is the one the client still knows. */
  #expunge(byUid: boolean): string {
    const seqs = [...this.#vanished].map((uid) => this.seqOf(uid)).filter((seq) => seq > 0).sort((a, b) => b - a);
    let out = "";
    if (!byUid) { for (const seq of seqs) out += `* ${seq} EXPUNGE\r\n`; }
    else if (seqs.length > 0) out = `* VANISHED ${formatSet(seqs.map((seq) => this.uidAt(seq)).reverse())}\r\n`;
    if (seqs.length > 0) this.#close(seqs.reverse());
    this.#vanished.clear();
    return out;
  }

  /** Takes sequence numbers (ascending) out: each stretch between two of them moves down as a whole. */
  #close(seqs: readonly number[]): void {
    this.#own(this.#count);
    for (const seq of seqs) this.#flags.delete(this.uidAt(seq));
    let to = seqs[0]! - 1;
    seqs.forEach((seq, i) => {
      const end = (seqs[i + 1] ?? this.#count + 1) - 1;
      this.#uids.copyWithin(to, seq, end);
      to += end - seq;
    });
    this.#count = to;
  }

  #append(uids: readonly number[]): void {
    const needed = this.#count + uids.length;
    this.#own(needed);
    for (const uid of uids) this.#uids[this.#count++] = uid;
  }

  /** A list of its own, with room for so many. */
  #own(needed: number): void {
    if (!this.#shared && needed <= this.#uids.length) return;
    const own = new Uint32Array(needed + (needed >> 3) + 8);
    own.set(this.#uids.subarray(0, this.#count));
    this.#uids = own;
    this.#shared = false;
  }

  /** Index of the first UID that is not below `uid`. */
  #lowerBound(uid: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle]! < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Sorted and merged, clipped to what the view knows. */
function joined(pairs: [number, number][], view: View): UidRange[] {
  pairs.sort((a, b) => a[0] - b[0]);
  const out: UidRange[] = [];
  let open: [number, number] | null = null;
  const close = (): void => {
    const range = open && view.clip(open[0], open[1]);
    if (range) out.push(range);
  };
  for (const pair of pairs) {
    if (open && pair[0] <= open[1] + 1) {
      if (pair[1] > open[1]) open[1] = pair[1];
    } else {
      close();
      open = [pair[0], pair[1]];
    }
  }
  close();
  return out;
}
