/** Mailboxes by their ids, each named below its parent (RFC 8621 section 2). What IMAP does by name is done by the same code. */
import type {
  AnswerOf,
  Args,
  MailboxId,
  MailboxObject,
  MailboxRefused,
  MailboxRole,
  MailboxSetRefused,
  Modseq,
} from "../../contract/mod.ts";
import { isVisible, reachedOfOthers, rightsOf } from "./access.ts";
import { accountIdOf, mailboxIdOf, rowOf } from "./ids.ts";
import { create, printMailbox, remove, subscribe } from "./mailboxes.ts";
import { accountOf, nextModseq } from "./member.ts";
import { nameFor } from "./names.ts";
import { floorOf, noteMailbox, rightsFloorOf } from "./objects.ts";
import { rename } from "./rename.ts";
import { RIGHTS } from "./rights.ts";
import type { AccountRow, MailboxRow, Transaction } from "./tables.ts";

type Whose = { readonly accountId: string; readonly ownerId?: string };

interface Family {
  readonly asker: AccountRow;
  readonly owner: AccountRow;
  /** Those that the asker may see. */
  readonly mailboxes: readonly MailboxRow[];
}

function familyOf(tx: Transaction, { accountId, ownerId }: Whose): Family {
  const asker = accountOf(tx, accountId);
  if (ownerId === undefined || ownerId === accountId) {
    return { asker, owner: asker, mailboxes: [...tx.mailboxes(asker.id)] };
  }
  const owner = accountOf(tx, ownerId);
  const mailboxes = [...reachedOfOthers(tx, asker)]
    .filter((reached) => reached.owner.id === owner.id && isVisible(reached.rights)).map(({ mailbox }) => mailbox);
  return { asker, owner, mailboxes };
}

export function objects(tx: Transaction, args: Args<"mailbox.objects">): AnswerOf<"mailbox.objects"> {
  const family = familyOf(tx, args);
  const notes = new Map(tx.objects(family.owner.id, "mailbox").map((note) => [note.id, note]));
  const byPath = new Map(family.mailboxes.map((row) => [row.path, row]));
  const sorted = [...family.mailboxes].sort((a, b) => a.path < b.path ? -1 : 1);
  return {
    state: family.owner.modseq as Modseq,
    mailboxes: sorted.map((row) => print(tx, family, row, byPath, notes.get(row.id))),
  };
}

function print(
  tx: Transaction,
  { asker, owner }: Family,
  mailbox: MailboxRow,
  byPath: ReadonlyMap<string, MailboxRow>,
  note: { readonly created: number; readonly changed: number; readonly value: string } | undefined,
): MailboxObject {
  const rights = owner === asker ? RIGHTS : rightsOf(tx, asker, mailbox);
  const slash = mailbox.path.lastIndexOf("/");
  const parent = slash < 0 ? undefined : byPath.get(mailbox.path.slice(0, slash));
  return {
    ...printMailbox(tx, { asker, owner, mailbox, rights }),
    path: mailbox.path,
    // RFC 8621 section 2: the role is the mailbox's, whoever looks at it.
    role: mailbox.role,
    parentId: parent ? mailboxIdOf(parent.id) : null,
    // Of a parent that the asker does not see, the way to the mailbox is its name.
    name: parent ? mailbox.path.slice(slash + 1) : mailbox.path,
    sortOrder: Number(note?.value ?? 0),
    created: (note?.created ?? 0) as Modseq,
    changed: (note?.changed ?? 0) as Modseq,
  };
}

export function changes(tx: Transaction, args: Args<"mailbox.objectChanges">): AnswerOf<"mailbox.objectChanges"> {
  const { asker, owner, mailboxes } = familyOf(tx, args);
  const { since } = args;
  if (since < floorOf(tx, owner) || since > owner.modseq) return { refused: "tooOld" };
  if (asker !== owner && since > 0 && since < rightsFloorOf(tx, owner)) return { refused: "tooOld" };
  const notes = new Map(tx.objects(owner.id, "mailbox").map((note) => [note.id, note]));
  const created: MailboxId[] = [];
  const updated: MailboxId[] = [];
  const counted: MailboxId[] = [];
  const at: Record<string, Modseq> = {};
  for (const row of mailboxes) {
    const note = notes.get(row.id);
    const id = mailboxIdOf(row.id);
    at[id] = Math.max(note?.changed ?? 0, row.modseq) as Modseq;
    if (note && note.created > since) created.push(id);
    else if (note && note.changed > since) updated.push(id);
    else if (row.modseq > since) counted.push(id);
  }
  const gone = since === 0 ? [] : tx.destroyedSince(owner.id, "mailbox", since, Infinity);
  const destroyed = gone.map(({ id, modseq }) => {
    at[mailboxIdOf(id)] = modseq as Modseq;
    return mailboxIdOf(id);
  });
  return { state: owner.modseq as Modseq, created, updated, counted, destroyed, at };
}

export function make(tx: Transaction, args: Args<"mailbox.make">): AnswerOf<"mailbox.make"> {
  const family = familyOf(tx, args);
  const path = pathBelow(family, args.parentId, args.name);
  if (typeof path !== "string") return path;
  const { asker, owner } = family;
  if (args.role && tx.mailboxByRole(owner.id, args.role)) return { refused: "roleTaken" };
  const name = nameFor(asker, owner, path);
  const made = create(tx, { accountId: args.accountId as never, path: name, role: args.role });
  if ("refused" in made) return refusal(made);
  const row = tx.mailbox(owner.id, rowOf("m", made.mailboxId))!;
  if (args.sortOrder !== 0) noteMailbox(tx, owner, row, owner.modseq, args.sortOrder);
  if (args.isSubscribed) subscribe(tx, { accountId: args.accountId as never, path: name, subscribed: true });
  const all = familyOf(tx, args);
  return print(
    tx,
    all,
    row,
    new Map(all.mailboxes.map((one) => [one.path, one])),
    tx.object(owner.id, "mailbox", row.id) ?? undefined,
  );
}

export function update(tx: Transaction, args: Args<"mailbox.update">): AnswerOf<"mailbox.update"> {
  const family = familyOf(tx, args);
  const { asker, owner } = family;
  const row = family.mailboxes.find(({ id }) => id === rowOf("m", args.mailboxId));
  if (!row) return { refused: "notFound" };
  const { patch } = args;
  // What may be refused comes first: nothing is half done.
  const isTheirs = patch.role !== undefined && patch.role !== row.role ||
    patch.sortOrder !== undefined && patch.sortOrder !== Number(tx.object(owner.id, "mailbox", row.id)?.value ?? 0);
  if (isTheirs && asker !== owner) return { refused: "noPermission" };
  if (patch.role !== undefined && patch.role !== row.role) {
    const refused = roleRefused(tx, owner, row, patch.role);
    if (refused) return refused;
  }
  if (patch.name !== undefined || patch.parentId !== undefined) {
    const moved = move(tx, family, row, patch);
    if (moved) return moved;
  }
  const before = row.role;
  if (patch.role !== undefined && patch.role !== before) {
    row.role = patch.role;
    tx.saveMailbox(row);
  }
  if (patch.isSubscribed !== undefined) {
    const path = nameFor(asker, owner, row.path);
    subscribe(tx, { accountId: args.accountId as never, path, subscribed: patch.isSubscribed });
  }
  if (isTheirs) {
    const modseq = nextModseq(tx, owner);
    noteMailbox(tx, owner, row, modseq, patch.sortOrder);
    if (before !== row.role && (before === "trash" || row.role === "trash")) recountAll(tx, owner, modseq);
    tx.touch(owner.id, null);
  }
  return { done: true };
}

/** What counts as unread depends on what is the trash (RFC 8621 section 2). */
function recountAll(tx: Transaction, owner: AccountRow, modseq: number): void {
  for (const mailbox of tx.mailboxes(owner.id)) {
    mailbox.modseq = modseq;
    tx.saveMailbox(mailbox);
  }
}

/** A role is one mailbox's, and INBOX keeps its own (RFC 8621 section 2). */
function roleRefused(
  tx: Transaction,
  owner: AccountRow,
  row: MailboxRow,
  role: MailboxRole | null,
): MailboxSetRefused | null {
  if (row.role === "inbox" || role === "inbox") return { refused: "isInbox" };
  const holder = role && tx.mailboxByRole(owner.id, role);
  return holder && holder !== row ? { refused: "roleTaken" } : null;
}

function move(
  tx: Transaction,
  family: Family,
  row: MailboxRow,
  patch: { readonly name?: string; readonly parentId?: MailboxId | null },
): MailboxSetRefused | null {
  const slash = row.path.lastIndexOf("/");
  const parent = family.mailboxes.find(({ path }) => path === row.path.slice(0, Math.max(0, slash)));
  const parentId = patch.parentId !== undefined ? patch.parentId : parent ? mailboxIdOf(parent.id) : null;
  const own = parent || slash < 0 ? row.path.slice(slash + 1) : row.path;
  const path = pathBelow(family, parentId, patch.name ?? own);
  if (typeof path !== "string") return path;
  if (path === row.path) return null;
  if (row.path === "INBOX") return { refused: "isInbox" };
  if (path.startsWith(row.path + "/")) return { refused: "badParent" };
  const { asker, owner } = family;
  const answer = rename(tx, {
    accountId: accountIdOf(asker.id),
    path: nameFor(asker, owner, row.path),
    newPath: nameFor(asker, owner, path),
  });
  return "refused" in answer ? refusal(answer) : null;
}

export function destroy(tx: Transaction, args: Args<"mailbox.destroy">): AnswerOf<"mailbox.destroy"> {
  const family = familyOf(tx, args);
  const { asker, owner } = family;
  const row = family.mailboxes.find(({ id }) => id === rowOf("m", args.mailboxId));
  if (!row) return { refused: "notFound" };
  if (row.path === "INBOX") return { refused: "isInbox" };
  for (const other of tx.mailboxes(owner.id)) {
    if (other.path.startsWith(row.path + "/")) return { refused: "hasChildren" };
  }
  // What bears \Deleted is not to be seen, and goes with its mailbox.
  if (!args.emails && row.messages > row.deleted) return { refused: "hasEmails" };
  if (asker !== owner && !/t.*e/.test(rightsOf(tx, asker, row))) return { refused: "noPermission" };
  const path = nameFor(asker, owner, row.path);
  const answer = remove(tx, { accountId: args.accountId as never, path });
  if ("refused" in answer) return refusal(answer);
  if (tx.isSubscribed(asker.id, path)) tx.subscribe(asker.id, path, false);
  return { done: true };
}

/** The whole name, or why there can be none. */
function pathBelow({ mailboxes }: Family, parentId: MailboxId | null, name: string): string | MailboxSetRefused {
  if (name === "" || name.includes("/")) return { refused: "invalidName" };
  if (parentId === null) return name;
  const parent = mailboxes.find(({ id }) => id === rowOf("m", parentId));
  return parent ? `${parent.path}/${name}` : { refused: "badParent" };
}

function refusal({ refused }: MailboxRefused): MailboxSetRefused {
  return { refused };
}
