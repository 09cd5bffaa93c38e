/** Emails by their ids, whatever mailboxes they are in (RFC 8621 section 4). */
import type { Args, EmailId, EmailObject, MailboxId, Modseq } from "../../contract/mod.ts";
import { reachedOfOthers } from "./access.ts";
import { HEADER_LIMIT } from "./email_read.ts";
import { DELETED, printFlags } from "./flags.ts";
import { emailIdOf, mailboxIdOf, rowOf, threadIdOf } from "./ids.ts";
import { accountOf } from "./member.ts";
import { RIGHTS } from "./rights.ts";
import type { AccountRow, JoinedRow, MailboxRow, Transaction } from "./tables.ts";

/** Emails of one question. */
const EMAILS = 1000;

/** Whose emails are asked for, and the mailboxes there that the asker may read. */
export interface Looked {
  readonly asker: AccountRow;
  readonly owner: AccountRow;
  readonly mailboxes: ReadonlyMap<number, { readonly mailbox: MailboxRow; readonly rights: string }>;
}

/** Where the asker may read nothing of the owner's, there are no mailboxes. */
export function lookInto(
  tx: Transaction,
  { accountId, ownerId }: { readonly accountId: string; readonly ownerId?: string },
): Looked {
  const asker = accountOf(tx, accountId);
  const mailboxes = new Map<number, { mailbox: MailboxRow; rights: string }>();
  if (ownerId === undefined || ownerId === accountId) {
    for (const mailbox of tx.mailboxes(asker.id)) mailboxes.set(mailbox.id, { mailbox, rights: RIGHTS });
    return { asker, owner: asker, mailboxes };
  }
  const owner = accountOf(tx, ownerId);
  for (const { owner: other, mailbox, rights } of reachedOfOthers(tx, asker)) {
    if (other.id === owner.id && rights.includes("r")) mailboxes.set(mailbox.id, { mailbox, rights });
  }
  return { asker, owner, mailboxes };
}

export function state(tx: Transaction, args: Args<"account.state">): Modseq {
  const { owner, mailboxes } = lookInto(tx, args);
  return (mailboxes.size > 0 ? owner.modseq : 0) as Modseq;
}

/** Emails that have a body. */
export function ofBlob(tx: Transaction, args: Args<"blob.emails">): readonly EmailId[] {
  const looked = lookInto(tx, args);
  const blob = tx.blob(args.blobId);
  if (!blob) return [];
  const emails = tx.emailsOfBlob(looked.owner.id, blob, EMAILS);
  const seen = visible(tx, looked, emails, { envelope: false, structure: false });
  return emails.filter((email) => seen.has(email)).map(emailIdOf);
}

/** Memberships that are to be seen, by their email. */
export function visible(
  tx: Transaction,
  looked: Looked,
  emails: readonly number[],
  fields: { readonly envelope: boolean; readonly structure: boolean; readonly header?: boolean },
): Map<number, JoinedRow[]> {
  const found = new Map<number, JoinedRow[]>();
  if (emails.length === 0 || looked.mailboxes.size === 0) return found;
  for (const row of tx.joinedOf(emails, fields)) {
    if (row.flags & DELETED || !looked.mailboxes.has(row.mailbox)) continue;
    const rows = found.get(row.email);
    if (rows) rows.push(row);
    else found.set(row.email, [row]);
  }
  return found;
}

export function objects(tx: Transaction, args: Args<"email.objects">): readonly EmailObject[] {
  const looked = lookInto(tx, args);
  const wanted = {
    envelope: args.fields.includes("envelope"),
    structure: args.fields.includes("structure"),
    header: args.fields.includes("header"),
  };
  const ids = [...new Set(args.emailIds.slice(0, EMAILS).map((id) => rowOf("e", id)))].filter((id) => id > 0);
  const found = visible(tx, looked, ids, wanted);
  return ids.flatMap((id) => {
    const rows = found.get(id);
    return rows ? [print(rows, wanted.header)] : [];
  });
}

function print(rows: readonly JoinedRow[], header: boolean): EmailObject {
  const row = rows[0]!;
  const printed: { -readonly [K in keyof EmailObject]: EmailObject[K] } = {
    emailId: emailIdOf(row.email),
    threadId: threadIdOf(row.thread),
    blobId: row.blobId,
    blobSize: row.blobSize,
    size: row.size,
    prefix: row.prefix,
    internalDate: row.internalDate,
    sentAt: row.sentAt,
    created: row.created as Modseq,
    changed: Math.max(...rows.map(({ modseq }) => modseq)) as Modseq,
    mailboxIds: rows.map(({ mailbox }) => mailbox).sort((a, b) => a - b).map(mailboxIdOf) as MailboxId[],
    flags: printFlags(row.flags, row.keywords),
  };
  if (row.envelope) printed.envelope = row.envelope;
  if (row.structure) printed.structure = row.structure;
  if (header) printed.header = headerOf(row);
  return printed;
}

function headerOf(row: JoinedRow): Uint8Array {
  const end = Math.min(row.headerEnd, row.blobSize, Math.max(0, HEADER_LIMIT - row.prefix.length));
  const header = new Uint8Array(row.prefix.length + end);
  header.set(row.prefix);
  if (end > 0) header.set(row.header!.subarray(0, end), row.prefix.length);
  return header;
}
