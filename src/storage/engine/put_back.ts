/** A message from a backup, in the mailbox where it was. */
import type { AnswerOf, Args } from "../../contract/mod.ts";
import { add, readable } from "./email_append.ts";
import { makeMailbox } from "./mailboxes.ts";
import { accountOf, hasRoom, nextModseq } from "./member.ts";
import { parsePath } from "./path.ts";
import { RIGHTS } from "./rights.ts";
import type { Transaction } from "./tables.ts";

export function putBack(tx: Transaction, args: Args<"email.putBack">): AnswerOf<"email.putBack"> {
  const account = accountOf(tx, args.accountId);
  const parsed = parsePath(args.path);
  if ("refused" in parsed) return parsed;
  const there = tx.mailboxByPath(account.id, parsed.path);
  const { message, now } = args;
  const blob = readable(tx, account, tx.blob(message.blobId));
  if (!hasRoom(account, blob.size + message.prefix.length, 1)) return { refused: "overQuota" };
  // A sealed body does not know its row: with one, it can be asked for.
  if (there && tx.mailboxHasBlob(there, { ...blob, id: tx.storeBlob(blob) })) return { uid: null };
  const mailbox = there ?? makeMailbox(tx, account, parsed.path, null);
  const target = { asker: account, owner: account, mailbox, rights: RIGHTS };
  return { uid: add(tx, target, message, blob, nextModseq(tx, account), now).uid };
}
