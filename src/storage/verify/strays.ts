/** Rows that belong to what is not there, in the SQL that all drivers take; and sequences that were overtaken. */

/** A row of `table` whose `column` names no row of `other`. */
function orphan(table: string, column: string, other: string, key = "id"): readonly [string, string] {
  return [table, `not exists (select 1 from ${other} o where o.${key} = ${table}.${column})`];
}

/** A table, and what is true of a row that should not be. */
export const STRAYS: readonly (readonly [table: string, where: string])[] = [
  orphan("mailboxes", "account", "accounts"),
  orphan("members", "mailbox", "mailboxes"),
  orphan("tombstones", "mailbox", "mailboxes"),
  // A client would be told that a message is gone which is there, or of a change that is still to come.
  [
    "tombstones",
    "exists (select 1 from members m where m.mailbox = tombstones.mailbox and m.uid = tombstones.uid) or " +
    "modseq > (select b.modseq from mailboxes b where b.id = tombstones.mailbox)",
  ],
  orphan("acl", "mailbox", "mailboxes"),
  ["metadata", `mailbox <> 0 and ${orphan("metadata", "mailbox", "mailboxes")[1]}`],
  orphan("metadata", "account", "accounts"),
  orphan("subscriptions", "account", "accounts"),
  orphan("threads", "account", "accounts"),
  orphan("tokens", "account", "accounts"),
  orphan("sieve", "account", "accounts"),
  orphan("delivery", "account", "accounts"),
  orphan("seen", "account", "accounts"),
  orphan("imap_text", "blob", "blobs"),
  orphan("removed", "account", "accounts"),
  orphan("origins", "email", "emails"),
  orphan("objects", "account", "accounts"),
  ["records", `account <> 0 and ${orphan("records", "account", "accounts")[1]}`],
  orphan("destroyed", "account", "accounts"),
  orphan("aliases", "domain", "domains", "name"),
];

/** The same of emails, which a look tells of one by one. */
export const STRAY_EMAILS: readonly [table: string, where: string] = orphan("emails", "account", "accounts");

/** The highest number of each sequence that a row has: a sequence below it would give it out again. */
export const SEQUENCES:
  readonly (readonly [name: "account" | "mailbox" | "email" | "queue" | "token" | "object", sql: string])[] = [
    ["account", "select max(id) from accounts"],
    ["mailbox", "select max(id) from mailboxes"],
    ["email", "select max(id) from emails"],
    ["queue", "select max(id) from queue"],
    ["token", "select max(id) from tokens"],
    ["object", "select max(id) from objects where kind not in ('mailbox', 'floor', 'upload')"],
  ];
