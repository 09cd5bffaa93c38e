/** RENAME (RFC 9051 section 6.3.6). */
import type { AnswerOf, Args } from "../../contract/mod.ts";
import { mailboxByName, rightsOf } from "./access.ts";
import { leaveName } from "./archive.ts";
import { accountOf, addMember, nextModseq, removeMember } from "./member.ts";
import { freeName, makeMailbox, printMailbox } from "./mailboxes.ts";
import { noteMailbox } from "./objects.ts";
import { parentsOf, parsePath } from "./path.ts";
import { copyMetadata } from "./metadata.ts";
import type { AccountRow, MailboxRow, Transaction } from "./tables.ts";

export function rename(tx: Transaction, args: Args<"mailbox.rename">): AnswerOf<"mailbox.rename"> {
  const asker = accountOf(tx, args.accountId);
  const reached = mailboxByName(tx, args.accountId, args.path, "x");
  if ("refused" in reached) return reached;
  const { owner: account, mailbox: row } = reached;
  const parsed = freeName(tx, asker, args.newPath);
  if ("refused" in parsed) return parsed;
  // A mailbox stays its owner's; to leave INBOX empty is the owner's too.
  if (parsed.owner !== account || (row.path === "INBOX" && account !== asker)) return { refused: "noPermission" };
  if (row.path === "INBOX") return printMailbox(tx, { ...reached, mailbox: moveInbox(tx, account, row, parsed.path) });
  // A mailbox cannot become its own child.
  if (parsed.path.startsWith(row.path + "/")) return { refused: "invalidName" };
  const moving = Array.from(tx.mailboxes(account.id)).filter((other) =>
    other === row || other.path.startsWith(row.path + "/")
  );
  // RFC 4314 section 4: "x" on what moves.
  if (moving.some((other) => !rightsOf(tx, asker, other).includes("x"))) return { refused: "noPermission" };
  const moves = moving.map((other) => ({ other, path: parsed.path + other.path.slice(row.path.length) }));
  for (const { path } of moves) {
    const checked = parsePath(path);
    if ("refused" in checked) return checked;
  }
  for (const parent of parentsOf(parsed.path)) {
    if (!tx.mailboxByPath(account.id, parent)) makeMailbox(tx, account, parent, null);
  }
  const modseq = nextModseq(tx, account);
  for (const { other, path } of moves) {
    // RFC 9051 section 6.3.7: the old name stays in the subscription list until the client takes it out.
    if (tx.isSubscribed(account.id, other.path)) tx.subscribe(account.id, path, true);
    leaveName(tx, other);
    tx.movePath(other, path);
    noteMailbox(tx, account, other, modseq);
  }
  tx.touch(account.id, null);
  return printMailbox(tx, reached);
}

/** "Renaming INBOX is permitted … moves all messages in INBOX to a new mailbox, leaving INBOX empty"; children stay. */
function moveInbox(tx: Transaction, account: AccountRow, inbox: MailboxRow, path: string): MailboxRow {
  const target = makeMailbox(tx, account, path, null);
  copyMetadata(tx, inbox, target);
  const modseq = nextModseq(tx, account);
  for (const member of tx.members(inbox.id, 1, 4294967295, Infinity)) {
    removeMember(tx, inbox, member, modseq);
    addMember(
      tx,
      target,
      { id: member.email, size: member.size },
      modseq,
      member.flags,
      member.keywords,
      member.saveDate,
    );
  }
  return target;
}
