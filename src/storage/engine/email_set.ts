/** Making, changing and destroying emails by their ids (RFC 8621 sections 4.6 to 4.8), in one transaction. */
import type {
  AnswerOf,
  Args,
  EmailId,
  EmailSetRefused,
  EmailUpdate,
  MailboxId,
  Modseq,
  NewEmail,
  SetPatch,
} from "../../contract/mod.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { EMPTY } from "../../base/bytes.ts";
import { EMAIL_KEYWORDS } from "../../contract/mod.ts";
import { mayReadBlob } from "./access.ts";
import { type Looked, lookInto } from "./email_objects.ts";
import { changeKeywords, DELETED, EMAIL_BITS, hasKeyword, parseFlags, SHARED } from "./flags.ts";
import { emailIdOf, rowOf, threadIdOf } from "./ids.ts";
import { addEmail, addMember, dropOrphan, hasRoom, nextModseq, removeMember, setFlags } from "./member.ts";
import { flagRights } from "./rights.ts";
import type { MailboxRow, MemberRow, Transaction } from "./tables.ts";
import { threadOf } from "./threads.ts";

export function set(tx: Transaction, args: Args<"email.set">): AnswerOf<"email.set"> {
  const looked = lookInto(tx, args);
  const oldState = looked.owner.modseq as Modseq;
  if ((args.ifState ?? oldState) !== oldState) return { refused: "stateMismatch" };
  const work = new Work(tx, looked, args.now);
  const created = (args.create ?? []).map((email) => work.create(email));
  const updated = (args.update ?? []).map((update) => work.update(update));
  const destroyed = (args.destroy ?? []).map((emailId) => work.destroy(emailId));
  return { oldState, newState: looked.owner.modseq as Modseq, created, updated, destroyed };
}

const DONE = { done: true } as const;
type Done = typeof DONE | EmailSetRefused;

/** A membership in a mailbox that the asker may read. */
interface Seen {
  readonly member: MemberRow;
  readonly mailbox: MailboxRow;
  readonly rights: string;
}

class Work {
  readonly #tx: Transaction;
  readonly #looked: Looked;
  readonly #now: number;
  #modseq = 0;

  constructor(tx: Transaction, looked: Looked, now: number) {
    this.#tx = tx;
    this.#looked = looked;
    this.#now = now;
  }

  /** One for all that the operation changes. */
  #next(): number {
    return this.#modseq ||= nextModseq(this.#tx, this.#looked.owner);
  }

  create(
    email: NewEmail,
  ): { emailId: EmailId; threadId: ReturnType<typeof threadIdOf>; size: number } | EmailSetRefused {
    const tx = this.#tx;
    const { asker, owner } = this.#looked;
    const targets = this.#mailboxes(email.mailboxIds, "i");
    if ("refused" in targets) return targets;
    if (targets.length === 0) return { refused: "noMailbox" };
    const blob = tx.blob(email.blobId);
    if (!blob || !mayReadBlob(tx, asker, blob)) return { refused: "blobNotFound" };
    const prefix = email.prefix ?? EMPTY;
    const size = prefix.length + blob.size;
    if (!hasRoom(owner, size, 1)) return { refused: "overQuota" };
    const { bits, keywords } = parseFlags(email.flags);
    if (countOf(keywords) > EMAIL_KEYWORDS || !holds(keywords, email.flags, [])) return { refused: "tooManyKeywords" };
    const modseq = this.#next();
    const id = tx.next("email");
    const index = tx.blobIndex(blob.blobId);
    const thread = threadOf(tx, owner.id, index, id);
    addEmail(tx, owner, {
      id,
      account: owner.id,
      thread,
      blob: tx.storeBlob(blob),
      blobId: blob.blobId,
      blobSize: blob.size,
      size,
      internalDate: email.internalDate,
      sentAt: index?.envelope.sentAt ?? null,
      prefix,
      created: modseq,
    });
    const may = flagRights(targets.map(({ rights }) => rights).reduce(inBoth));
    const kept = (bits & may.bits & EMAIL_BITS) | (targets.length > 1 ? SHARED : 0);
    const row = { id, size };
    for (const { mailbox } of targets) {
      addMember(tx, mailbox, row, modseq, kept, may.keywords ? keywords : "", this.#now);
    }
    return { emailId: emailIdOf(id), threadId: threadIdOf(thread), size };
  }

  update({ emailId, flags, mailboxIds }: EmailUpdate): Done {
    const seen = this.#seen(emailId);
    if (seen.length === 0) return { refused: "notFound" };
    const moves = mailboxIds ? this.#moves(seen, mailboxIds) : null;
    if (moves && "refused" in moves) return moves;
    const marks = flags ? this.#marks(seen, flags) : null;
    if (marks && "refused" in marks) return marks;
    if (marks) this.#mark(seen[0]!.member.email, marks);
    if (moves) this.#move(emailId, moves);
    return DONE;
  }

  destroy(emailId: EmailId): Done {
    const tx = this.#tx;
    const seen = this.#seen(emailId);
    if (seen.length === 0) return { refused: "notFound" };
    if (!seen.every(({ rights }) => mayRemove(rights))) return { refused: "noPermission" };
    const modseq = this.#next();
    for (const member of tx.membersOf(seen[0]!.member.email)) {
      const there = this.#looked.mailboxes.get(member.mailbox);
      if (!there || !mayRemove(there.rights)) continue;
      removeMember(tx, there.mailbox, member, modseq);
      dropOrphan(tx, this.#looked.owner, member);
    }
    return DONE;
  }

  /** Where the email is to be seen. */
  #seen(emailId: EmailId): readonly Seen[] {
    return this.#tx.membersOf(rowOf("e", emailId)).flatMap((member) => {
      const there = this.#looked.mailboxes.get(member.mailbox);
      return there && !(member.flags & DELETED) ? [{ member, ...there }] : [];
    });
  }

  #mailboxes(
    ids: readonly MailboxId[],
    right: string,
  ): readonly { readonly mailbox: MailboxRow; readonly rights: string }[] | EmailSetRefused {
    const found = [];
    for (const id of new Set(ids)) {
      const there = this.#looked.mailboxes.get(rowOf("m", id));
      if (!there) return { refused: "badMailbox" };
      if (!there.rights.includes(right)) return { refused: "noPermission" };
      found.push(there);
    }
    return found;
  }

  /** New flags, or why they may not be: RFC 8621 section 2, the right is needed in all of its mailboxes. */
  #marks(seen: readonly Seen[], patch: SetPatch<string>): { bits: number; keywords: string } | EmailSetRefused {
    const { member } = seen[0]!;
    let { flags: bits, keywords } = member;
    if (patch.replace) {
      const set = parseFlags(patch.replace);
      bits = set.bits;
      keywords = changeKeywords(keywords, "replace", set.keywords);
    }
    const [add, remove] = [parseFlags(patch.add ?? []), parseFlags(patch.remove ?? [])];
    bits = (bits | add.bits) & ~remove.bits & EMAIL_BITS;
    keywords = changeKeywords(changeKeywords(keywords, "add", add.keywords), "remove", remove.keywords);
    if (!holds(keywords, [...patch.replace ?? [], ...patch.add ?? []], patch.remove ?? [])) {
      return { refused: "tooManyKeywords" };
    }
    if (countOf(keywords) > Math.max(EMAIL_KEYWORDS, countOf(member.keywords))) return { refused: "tooManyKeywords" };
    const may = flagRights(seen.map(({ rights }) => rights).reduce(inBoth));
    const isForbidden = ((bits ^ member.flags) & EMAIL_BITS & ~may.bits) !== 0 ||
      (keywords !== member.keywords && !may.keywords);
    return isForbidden ? { refused: "noPermission" } : { bits, keywords };
  }

  #mark(email: number, { bits, keywords }: { readonly bits: number; readonly keywords: string }): void {
    const tx = this.#tx;
    for (const member of tx.membersOf(email)) {
      if ((member.flags & EMAIL_BITS) === bits && member.keywords === keywords) continue;
      const mailbox = tx.mailbox(this.#looked.owner.id, member.mailbox);
      if (mailbox) setFlags(tx, mailbox, member, this.#next(), (member.flags & ~EMAIL_BITS) | bits, keywords);
    }
  }

  /** Mailboxes that it comes into, and memberships that go. */
  #moves(
    seen: readonly Seen[],
    patch: SetPatch<MailboxId>,
  ): { readonly into: readonly MailboxRow[]; readonly outOf: readonly MailboxRow[] } | EmailSetRefused {
    const before = new Set(seen.map(({ mailbox }) => mailbox.id));
    const wanted = new Set(patch.replace ? patch.replace.map((id) => rowOf("m", id)) : before);
    const named = [...patch.replace ?? [], ...patch.add ?? []];
    for (const id of named) if (!this.#looked.mailboxes.has(rowOf("m", id))) return { refused: "badMailbox" };
    for (const id of patch.add ?? []) wanted.add(rowOf("m", id));
    for (const id of patch.remove ?? []) wanted.delete(rowOf("m", id));
    if (wanted.size === 0) return { refused: "noMailbox" };
    const into = [...wanted].filter((id) => !before.has(id)).map((id) => this.#looked.mailboxes.get(id)!);
    const outOf = seen.filter(({ mailbox }) => !wanted.has(mailbox.id));
    if (!into.every(({ rights }) => rights.includes("i"))) return { refused: "noPermission" };
    if (!outOf.every(({ rights }) => mayRemove(rights))) return { refused: "noPermission" };
    return { into: into.map(({ mailbox }) => mailbox), outOf: outOf.map(({ mailbox }) => mailbox) };
  }

  #move(
    emailId: EmailId,
    { into, outOf }: { readonly into: readonly MailboxRow[]; readonly outOf: readonly MailboxRow[] },
  ): void {
    if (into.length + outOf.length === 0) return;
    const tx = this.#tx;
    const modseq = this.#next();
    const members = tx.membersOf(rowOf("e", emailId));
    const { email, size, flags, keywords } = members[0]!;
    for (const member of members) {
      if (!outOf.some(({ id }) => id === member.mailbox)) {
        if (!(member.flags & SHARED)) tx.saveMember({ ...member, flags: member.flags | SHARED });
      }
    }
    for (const mailbox of into) {
      const hidden = members.find((member) => member.mailbox === mailbox.id);
      // It is there with \Deleted, which nobody sees: that goes.
      if (hidden) setFlags(tx, mailbox, hidden, modseq, (hidden.flags & ~DELETED) | SHARED, hidden.keywords);
      else addMember(tx, mailbox, { id: email, size }, modseq, (flags & EMAIL_BITS) | SHARED, keywords, this.#now);
    }
    for (const mailbox of outOf) {
      const member = members.find((one) => one.mailbox === mailbox.id);
      if (member) removeMember(tx, mailbox, member, modseq);
    }
  }
}

function countOf(keywords: string): number {
  return keywords === "" ? 0 : keywords.split(" ").length;
}

/** Whether all that were to be set are: keywords have room for so many octets. */
function holds(keywords: string, set: readonly string[], removed: readonly string[]): boolean {
  return set.every((flag) => {
    return flag.startsWith("\\") || removed.includes(flag) || hasKeyword(keywords, lowerAscii(flag));
  });
}

function mayRemove(rights: string): boolean {
  return rights.includes("t") && rights.includes("e");
}

function inBoth(a: string, b: string): string {
  return [...a].filter((right) => b.includes(right)).join("");
}
