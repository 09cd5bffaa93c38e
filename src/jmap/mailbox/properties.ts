/** The Mailbox object (RFC 8621 section 2). */
import type { MailboxCounts, MailboxObject } from "../../contract/mod.ts";
import type { JsonObject } from "../json.ts";

export const MAILBOX_PROPERTIES: ReadonlySet<string> = new Set([
  "id",
  "name",
  "parentId",
  "role",
  "sortOrder",
  "totalEmails",
  "unreadEmails",
  "totalThreads",
  "unreadThreads",
  "myRights",
  "isSubscribed",
]);

const NOTHING: MailboxCounts = { totalEmails: 0, unreadEmails: 0, totalThreads: 0, unreadThreads: 0 };

/** All of its properties. `counts` null: they were not asked for. */
export function printMailbox(mailbox: MailboxObject, counts: MailboxCounts | null | undefined): JsonObject {
  return {
    id: mailbox.mailboxId,
    name: mailbox.path === "INBOX" ? "Inbox" : mailbox.name,
    parentId: mailbox.parentId,
    role: mailbox.role,
    sortOrder: mailbox.sortOrder,
    ...(counts === null ? {} : { ...NOTHING, ...counts }),
    myRights: printRights(mailbox.rights, mailbox.path === "INBOX"),
    isSubscribed: mailbox.subscribed,
  };
}

/** RFC 8621 section 2: what rights of RFC 4314 mean here. */
function printRights(rights: string, isInbox: boolean): JsonObject {
  const has = (letters: string) => [...letters].every((letter) => rights.includes(letter));
  return {
    mayReadItems: has("lr"),
    mayAddItems: has("i"),
    mayRemoveItems: has("te"),
    maySetSeen: has("s"),
    maySetKeywords: has("w"),
    mayCreateChild: has("k"),
    mayRename: has("x") && !isInbox,
    mayDelete: has("x") && !isInbox,
    maySubmit: has("p"),
  };
}
