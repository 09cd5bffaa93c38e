/** STORE (RFC 9051 section 6.4.6, RFC 7162 section 3.1.3). */
import type { AnswerOf, Args, FlagMode, Modseq, Uid } from "../../contract/mod.ts";
import { mailboxOf, membersIn } from "./email_read.ts";
import { changeKeywords, CLIENT_BITS, EMAIL_BITS, parseFlags, printFlags, SHARED } from "./flags.ts";
import { accountOf, nextModseq, setFlags } from "./member.ts";
import type { AccountRow, MemberRow, Transaction } from "./tables.ts";

export function flags(tx: Transaction, args: Args<"email.flags">): AnswerOf<"email.flags"> {
  const account = accountOf(tx, args.accountId);
  const mailbox = mailboxOf(tx, args);
  if (!mailbox) return { changed: [], modified: [], modseq: account.modseq as Modseq };
  const change = parseFlags(args.flags);
  const changed: { uid: Uid; modseq: Modseq; flags: readonly string[] }[] = [];
  const modified: Uid[] = [];
  let modseq = 0;
  for (const member of membersIn(tx, mailbox, args.ranges)) {
    if (args.unchangedSince !== undefined && member.modseq > args.unchangedSince) {
      modified.push(member.uid as Uid);
      continue;
    }
    const bits = changeBits(member.flags, args.mode, change.bits);
    const keywords = changeKeywords(member.keywords, args.mode, change.keywords);
    if (bits === member.flags && keywords === member.keywords) continue;
    modseq ||= nextModseq(tx, account);
    const ofEmail = keywords !== member.keywords || ((bits ^ member.flags) & EMAIL_BITS) !== 0;
    setFlags(tx, mailbox, member, modseq, bits, keywords);
    if (ofEmail && bits & SHARED) spread(tx, account, member, modseq);
    changed.push({ uid: member.uid as Uid, modseq: modseq as Modseq, flags: printFlags(bits, keywords) });
  }
  return { changed, modified, modseq: mailbox.modseq as Modseq };
}

function changeBits(before: number, mode: FlagMode, bits: number): number {
  if (mode === "add") return before | bits;
  if (mode === "remove") return before & ~(bits & CLIENT_BITS);
  return (before & ~CLIENT_BITS) | bits;
}

/** The email's flags are the same in every mailbox it is in; only \Deleted is each membership's own. */
function spread(tx: Transaction, account: AccountRow, source: MemberRow, modseq: number): void {
  for (const other of tx.membersOf(source.email)) {
    if (other.mailbox === source.mailbox && other.uid === source.uid) continue;
    const mailbox = tx.mailbox(account.id, other.mailbox);
    if (!mailbox) continue;
    const bits = (other.flags & ~EMAIL_BITS) | (source.flags & EMAIL_BITS);
    setFlags(tx, mailbox, other, modseq, bits, source.keywords);
  }
}
