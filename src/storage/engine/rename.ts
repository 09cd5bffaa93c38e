/** RENAME (RFC 9051 section 6.3.6). */
import type { AnswerOf, Args } from "../../contract/mod.ts";
import { accountOf, addMember, nextModseq, removeMember } from "./member.ts";
import { makeMailbox, printMailbox } from "./mailboxes.ts";
import { canonicalPath, parentsOf, parsePath } from "./path.ts";
import type { AccountRow, MailboxRow, Transaction } from "./tables.ts";

export function rename(tx: Transaction, args: Args<"mailbox.rename">): AnswerOf<"mailbox.rename"> {
  const account = accountOf(tx, args.accountId);
  const row = tx.mailboxByPath(account.id, canonicalPath(args.path));
  if (!row) return { refused: "notFound" };
  const parsed = parsePath(args.newPath);
  if ("refused" in parsed) return parsed;
  if (tx.mailboxByPath(account.id, parsed.path)) return { refused: "exists" };
  if (row.path === "INBOX") return printMailbox(tx, moveInbox(tx, account, row, parsed.path));
  // A mailbox cannot become its own child.
  if (parsed.path.startsWith(row.path + "/")) return { refused: "invalidName" };
  const moving = Array.from(tx.mailboxes(account.id)).filter((other) =>
    other === row || other.path.startsWith(row.path + "/")
  );
  const moves = moving.map((other) => ({ other, path: parsed.path + other.path.slice(row.path.length) }));
  for (const { path } of moves) {
    const checked = parsePath(path);
    if ("refused" in checked) return checked;
  }
  for (const parent of parentsOf(parsed.path)) {
    if (!tx.mailboxByPath(account.id, parent)) makeMailbox(tx, account, parent, null);
  }
  for (const { other, path } of moves) {
    // RFC 9051 section 6.3.7: the old name stays in the subscription list until the client takes it out.
    if (tx.isSubscribed(account.id, other.path)) tx.subscribe(account.id, path, true);
    tx.movePath(other, path);
  }
  tx.touch(account.id, null);
  return printMailbox(tx, row);
}

/** "Renaming INBOX is permitted … moves all messages in INBOX to a new mailbox, leaving INBOX empty"; children stay. */
function moveInbox(tx: Transaction, account: AccountRow, inbox: MailboxRow, path: string): MailboxRow {
  const target = makeMailbox(tx, account, path, null);
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
