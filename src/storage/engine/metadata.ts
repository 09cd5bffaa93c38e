/**
 * Annotations (RFC 5464). A row belongs to an account: what is private to whoever set it, what is shared to the
 * mailbox's owner. Rows of mailbox 0 are those of the server, all of them private: what is shared there is the operator's.
 */
import type { AnswerOf, Args, MailboxDenied, MailboxRole } from "../../contract/mod.ts";
import { isEntryAsked, METADATA_LIMITS } from "../../contract/mod.ts";
import { isVisible, reachName } from "./access.ts";
import { accountOf, nextModseq } from "./member.ts";
import { noteMailbox } from "./objects.ts";
import type { AccountRow, MailboxRow, MetadataRow, Transaction } from "./tables.ts";

const SERVER = 0; // mailbox ids begin at 1

/** Where annotations are: on a mailbox, or with null on the server. */
interface Place {
  readonly asker: AccountRow;
  readonly owner: AccountRow;
  readonly mailbox: MailboxRow | null;
}

type Refused = Extract<AnswerOf<"metadata.set">, { refused: string }>["refused"];

/** RFC 5464 section 3.3: the right `l`, and one of those that reach the messages. */
function placeOf(tx: Transaction, accountId: string, path: string | null): Place | MailboxDenied {
  const asker = accountOf(tx, accountId);
  if (path === null) return { asker, owner: asker, mailbox: null };
  const reached = reachName(tx, asker, path);
  if (!reached || !isVisible(reached.rights)) return { refused: "notFound" };
  const { owner, mailbox, rights } = reached;
  return rights.includes("l") && /[rswip]/.test(rights) ? { asker, owner, mailbox } : { refused: "noPermission" };
}

export function getMetadata(tx: Transaction, args: Args<"metadata.get">): AnswerOf<"metadata.get"> {
  const place = placeOf(tx, args.accountId, args.path);
  if ("refused" in place) return place;
  return rowsAt(tx, place).filter(({ entry }) => isEntryAsked(entry, args.entries, args.depth))
    .map(({ entry, value }) => ({ entry, value }))
    .sort((a, b) => a.entry < b.entry ? -1 : 1);
}

function rowsAt(tx: Transaction, { asker, owner, mailbox }: Place): readonly MetadataRow[] {
  const id = mailbox?.id ?? SERVER;
  const own = tx.metadata(asker.id, id);
  if (owner === asker) return own;
  const shared = tx.metadata(owner.id, id).filter(({ entry }) => !isPrivate(entry));
  return [...own.filter(({ entry }) => isPrivate(entry)), ...shared];
}

function isPrivate(entry: string): boolean {
  return entry.startsWith("/private/");
}

export function setMetadata(tx: Transaction, args: Args<"metadata.set">): AnswerOf<"metadata.set"> {
  const place = placeOf(tx, args.accountId, args.path);
  if ("refused" in place) return place;
  const refused = checkPlace(place, args) ?? checkRoom(tx, place, args.values);
  if (refused !== null) return { refused };
  const { asker, owner, mailbox } = place;
  for (const { entry, value } of args.values) {
    const row = { account: (isPrivate(entry) ? asker : owner).id, mailbox: mailbox?.id ?? SERVER, entry };
    if (value === null) tx.removeMetadata(row.account, row.mailbox, entry);
    else tx.putMetadata({ ...row, value });
    tx.annotate(row.account, mailbox?.id ?? null, entry);
  }
  if (mailbox !== null && args.role !== undefined) setRole(tx, owner, mailbox, args.role);
  return { done: true };
}

/** What may not be set here at all. */
function checkPlace({ asker, owner, mailbox }: Place, { values, role }: Args<"metadata.set">): Refused | null {
  if (mailbox === null && values.some(({ entry }) => !isPrivate(entry))) return "readOnly";
  if (role === undefined) return null;
  if (mailbox === null || mailbox.role === "inbox") return "isInbox";
  return owner === asker ? null : "noPermission";
}

/** Private entries are counted against whoever sets them, shared ones against the owner. */
function checkRoom(
  tx: Transaction,
  { asker, owner, mailbox }: Place,
  values: Args<"metadata.set">["values"],
): Refused | null {
  if (values.some(({ value }) => value !== null && value.length > METADATA_LIMITS.value)) return "tooLarge";
  for (const account of new Set([asker, owner])) {
    const counted = values.filter(({ entry }) => (isPrivate(entry) ? asker : owner) === account);
    if (counted.length > 0 && !fits(tx, account, mailbox?.id ?? SERVER, counted)) return "tooMany";
  }
  return null;
}

/** What does not grow fits always. */
function fits(tx: Transaction, account: AccountRow, mailbox: number, values: Args<"metadata.set">["values"]): boolean {
  const sizes = new Map<string, number>();
  for (const { entry, value } of tx.metadata(account.id, mailbox)) sizes.set(entry, entry.length + value.length);
  const [count, octets] = [sizes.size, sum(sizes)];
  for (const { entry, value } of values) {
    if (value === null) sizes.delete(entry);
    else sizes.set(entry, entry.length + value.length);
  }
  if (sizes.size > METADATA_LIMITS.entries && sizes.size > count) return false;
  const grown = sum(sizes) - octets;
  return grown <= 0 || tx.metadataSize(account.id) + grown <= METADATA_LIMITS.octets;
}

function sum(sizes: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const size of sizes.values()) total += size;
  return total;
}

/** RFC 6154 section 4: never two mailboxes of one use. */
function setRole(tx: Transaction, account: AccountRow, mailbox: MailboxRow, role: MailboxRole | null): void {
  if (mailbox.role === role) return;
  const other = role === null ? null : tx.mailboxByRole(account.id, role);
  const modseq = nextModseq(tx, account);
  if (other) {
    other.role = null;
    tx.saveMailbox(other);
    noteMailbox(tx, account, other, modseq);
  }
  mailbox.role = role;
  tx.saveMailbox(mailbox);
  noteMailbox(tx, account, mailbox, modseq);
  tx.touch(account.id, null);
}

/** RFC 5464 section 4.1: renaming INBOX leaves its annotations and gives the new mailbox the same, as far as they fit. */
export function copyMetadata(tx: Transaction, from: MailboxRow, to: MailboxRow): void {
  for (const row of tx.metadataOf(from.id)) {
    const size = row.entry.length + row.value.length;
    if (tx.metadataSize(row.account) + size <= METADATA_LIMITS.octets) tx.putMetadata({ ...row, mailbox: to.id });
  }
}
