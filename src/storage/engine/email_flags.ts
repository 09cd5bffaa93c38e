/** STORE (RFC 9051 section 6.4.6, RFC 7162 section 3.1.3). */
import type { AnswerOf, Args, FlagMode, Modseq, Uid } from "../../contract/mod.ts";
import { mailboxFor } from "./access.ts";
import { membersIn } from "./email_read.ts";
import {
  changeKeywords,
  CLIENT_BITS,
  DELETED,
  EMAIL_BITS,
  type FlagSet,
  parseFlags,
  printFlags,
  SHARED,
} from "./flags.ts";
import { accountOf, nextModseq, setFlags } from "./member.ts";
import { type FlagRights, flagRights } from "./rights.ts";
import type { AccountRow, MemberRow, Transaction } from "./tables.ts";

export function flags(tx: Transaction, args: Args<"email.flags">): AnswerOf<"email.flags"> {
  const reached = mailboxFor(tx, args.accountId, args.mailboxId, "r");
  if ("refused" in reached) return nothing(accountOf(tx, args.accountId));
  const { owner: account, mailbox } = reached;
  const may = flagRights(reached.rights);
  const change = parseFlags(args.flags);
  // RFC 4314 section 4: NO where none of the flags may be changed, else those that may are.
  if (!may.all && !changesAny(may, args.mode, change)) return { ...nothing(account), refused: "noPermission" };
  const changed: { uid: Uid; modseq: Modseq; flags: readonly string[] }[] = [];
  const modified: Uid[] = [];
  let modseq = 0;
  for (const member of membersIn(tx, mailbox, args.ranges)) {
    if (args.unchangedSince !== undefined && member.modseq > args.unchangedSince) {
      modified.push(member.uid as Uid);
      continue;
    }
    const wanted = changeBits(member.flags, args.mode, change.bits);
    const bits = may.all ? wanted : (wanted & may.bits) | (member.flags & ~may.bits);
    const keywords = may.keywords ? changeKeywords(member.keywords, args.mode, change.keywords) : member.keywords;
    if (bits === member.flags && keywords === member.keywords) continue;
    modseq ||= nextModseq(tx, account);
    // RFC 8621 section 4.1.1: with \Deleted it was not to be seen.
    if (member.flags & DELETED && !(bits & DELETED)) tx.reviveEmail(member.email, modseq);
    const ofEmail = keywords !== member.keywords || ((bits ^ member.flags) & EMAIL_BITS) !== 0;
    setFlags(tx, mailbox, member, modseq, bits, keywords);
    if (ofEmail && bits & SHARED) spread(tx, account, member, modseq);
    changed.push({ uid: member.uid as Uid, modseq: modseq as Modseq, flags: printFlags(bits, keywords) });
  }
  return { changed, modified, modseq: mailbox.modseq as Modseq };
}

function nothing(account: AccountRow): { changed: []; modified: []; modseq: Modseq } {
  return { changed: [], modified: [], modseq: account.modseq as Modseq };
}

function changesAny(may: FlagRights, mode: FlagMode, change: FlagSet): boolean {
  if (mode === "replace" || (change.bits === 0 && change.keywords === "")) return may.keywords || may.bits !== 0;
  return (change.bits & may.bits) !== 0 || (may.keywords && change.keywords !== "");
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
