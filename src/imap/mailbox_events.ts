/** What happened in mailboxes that are not selected, as untagged responses (RFC 5465 section 5). */
import { ask, type Heard, type Mailbox, type MailboxId, type Program } from "../contract/mod.ts";
import { accountOf } from "./command.ts";
import { parentOf } from "./mailbox_filter.ts";
import type { EventName, Notify } from "./notify.ts";
import type { ImapState } from "./session.ts";
import { attributeOf } from "./special_use.ts";
import { statusResponse } from "./status_items.ts";
import { DELIMITER, formatMailbox } from "./wire/mailbox_name.ts";
import { astring, octetsOf } from "./wire/strings.ts";

/** Begins to listen for a NOTIFY, or ends it where it wants nothing of other mailboxes. */
export function* hearAll(state: ImapState, notify: Notify): Program<void> {
  const accountId = accountOf(state);
  if (notify.listens) yield* listen(state, notify, yield* ask("mailbox.list", { accountId }));
  else yield* ask("mailbox.listen", { accountId, ownerIds: [] });
}

/** Listens to whoever's mailboxes may be seen. What happens from the list on is heard: it is read again behind. */
function* listen(state: ImapState, notify: Notify, list: readonly Mailbox[]): Program<void> {
  const accountId = accountOf(state);
  const owners = [...new Set([accountId, ...list.map(({ ownerId }) => ownerId)])];
  notify.known = byId(list);
  if (owners.length === notify.owners.length && owners.every((owner) => notify.owners.includes(owner))) return;
  notify.owners = owners;
  yield* ask("mailbox.listen", { accountId, ownerIds: owners });
  notify.known = byId(yield* ask("mailbox.list", { accountId }));
}

function byId(list: readonly Mailbox[]): Map<MailboxId, Mailbox> {
  return new Map(list.map((mailbox) => [mailbox.mailboxId, mailbox]));
}

/** All that was heard since the last time. */
export function* mailboxNews(state: ImapState, notify: Notify): Program<string> {
  if (!notify.listens) return "";
  const heard = yield* ask("mailbox.heard", {});
  let out = heard.mailboxList ? yield* listNews(state, notify) : "";
  for (const mailboxId of heard.mailboxIds) out += yield* messageNews(state, notify, mailboxId);
  out += annotationNews(state, notify, heard);
  notify.renamed.clear();
  return out;
}

/** Names that came, went or changed, and subscriptions (sections 5.4 and 5.5). */
function* listNews(state: ImapState, notify: Notify): Program<string> {
  const before = notify.known;
  yield* listen(state, notify, yield* ask("mailbox.list", { accountId: accountOf(state) }));
  keepCounts(before, notify.known);
  const lines = new Map<string, string>();
  const tell = (mailbox: Mailbox, event: EventName, line: () => string): void => {
    if (notify.renamed.has(mailbox.path) || !wants(state, notify, mailbox, event)) return;
    lines.set(mailbox.path, line());
  };
  // Section 5: what this session made or removed, with the levels above that came with it, it knows.
  const own = [...notify.renamed];
  const withParent = (mailbox: Mailbox, line: () => string): void => {
    if (own.some((name) => name === mailbox.path || name.startsWith(mailbox.path + DELIMITER))) return;
    tell(mailbox, "MailboxName", line);
    const parent = atPath(notify.known, parentOf(mailbox.path));
    if (parent && !lines.has(parent.path)) tell(parent, "MailboxName", () => mailboxLine(state, notify, parent));
  };
  for (const old of before.values()) {
    if (!notify.known.has(old.mailboxId)) withParent(old, () => goneLine(state, old));
  }
  for (const mailbox of notify.known.values()) {
    const old = before.get(mailbox.mailboxId);
    if (!old) withParent(mailbox, () => mailboxLine(state, notify, mailbox));
    else if (old.path !== mailbox.path) {
      if (movedAlong(old, mailbox, before, notify.known)) continue;
      tell(mailbox, "MailboxName", () => mailboxLine(state, notify, mailbox, [], old.path));
    } else if (old.subscribed !== mailbox.subscribed) {
      tell(mailbox, "SubscriptionChange", () => mailboxLine(state, notify, mailbox));
    }
  }
  return [...lines.values()].join("");
}

/** How many messages there are is compared mailbox by mailbox, for those that were touched. */
function keepCounts(before: ReadonlyMap<MailboxId, Mailbox>, now: Map<MailboxId, Mailbox>): void {
  for (const [mailboxId, { path, role, subscribed, rights }] of now) {
    const old = before.get(mailboxId);
    if (old) now.set(mailboxId, { ...old, path, role, subscribed, rights });
  }
}

/** Section 5.4: children that are renamed with their parent are not told. */
function movedAlong(
  old: Mailbox,
  now: Mailbox,
  before: ReadonlyMap<MailboxId, Mailbox>,
  after: ReadonlyMap<MailboxId, Mailbox>,
): boolean {
  const parent = atPath(before, parentOf(old.path));
  const renamed = parent && after.get(parent.mailboxId);
  return renamed !== undefined && renamed.path !== parent!.path && parentOf(now.path) === renamed.path &&
    old.path.slice(parent!.path.length) === now.path.slice(renamed.path.length);
}

function atPath(mailboxes: ReadonlyMap<MailboxId, Mailbox>, path: string): Mailbox | undefined {
  for (const mailbox of mailboxes.values()) if (mailbox.path === path) return mailbox;
  return undefined;
}

/** Messages that came and went, and flags (sections 5.1 to 5.3): a STATUS response. */
function* messageNews(state: ImapState, notify: Notify, mailboxId: MailboxId): Program<string> {
  const old = notify.known.get(mailboxId);
  if (!old) return "";
  const now = yield* ask("mailbox.get", { accountId: accountOf(state), path: old.path });
  if (now?.mailboxId !== mailboxId) return ""; // the list has changed too, or will soon
  notify.known.set(mailboxId, now);
  // Section 3.1: of the selected mailbox SELECTED tells, whatever else names it.
  if (mailboxId === state.view?.mailboxId || !wants(state, notify, now, "MessageNew")) return "";
  const { condstore } = state;
  if (now.uidNext !== old.uidNext || now.messages !== old.messages || now.uidValidity !== old.uidValidity) {
    const more = condstore ? ["HIGHESTMODSEQ"] : [];
    return yield* statusResponse(state, now, ["UIDNEXT", "MESSAGES", "UIDVALIDITY", ...more]);
  }
  if (!wants(state, notify, now, "FlagChange")) return "";
  const unseen = now.unseen === old.unseen ? [] : ["UNSEEN"];
  if (condstore && now.highestModseq !== old.highestModseq) {
    return yield* statusResponse(state, now, ["UIDVALIDITY", "HIGHESTMODSEQ", ...unseen]);
  }
  return unseen.length > 0 ? yield* statusResponse(state, now, ["UIDVALIDITY", ...unseen]) : "";
}

/** Names of annotations that were set or removed (sections 5.6 and 5.7, RFC 5464 section 4.4.2). */
function annotationNews(state: ImapState, notify: Notify, { annotations }: Heard): string {
  const entries = new Map<string, string[]>();
  for (const { mailboxId, entry } of annotations) {
    const mailbox = mailboxId === null ? null : notify.known.get(mailboxId);
    if (mailbox === undefined || notify.renamed.has(`${mailbox?.path ?? ""} ${entry}`)) continue;
    const wanted = mailbox === null
      ? notify.wants("ServerMetadataChange")
      : wants(state, notify, mailbox, "MailboxMetadataChange");
    if (!wanted) continue;
    const path = mailbox?.path ?? "";
    entries.set(path, [...entries.get(path) ?? [], entry]);
  }
  let out = "";
  for (const [path, names] of entries) {
    out += `* METADATA ${formatMailbox(path, state.utf8)} ${
      names.map((name) => astring(octetsOf(name))).join(" ")
    }\r\n`;
  }
  return out;
}

/** Section 5: all events need the right to read; that a mailbox is there, `l` alone tells. */
function wants(state: ImapState, notify: Notify, mailbox: Mailbox, event: EventName): boolean {
  const readable = event === "MailboxName" || event === "SubscriptionChange" || mailbox.rights.includes("r");
  return readable && notify.eventsOf(mailbox, accountOf(state)).has(event);
}

function goneLine(state: ImapState, { path }: Mailbox): string {
  return `* LIST (\\NonExistent) "${DELIMITER}" ${formatMailbox(path, state.utf8)}\r\n`;
}

/** The LIST response of a mailbox that is there, with its children and its subscription. */
export function mailboxLine(
  state: ImapState,
  { known }: Notify,
  { path, role, subscribed }: Mailbox,
  more: readonly string[] = [],
  oldPath: string | null = null,
): string {
  const use = attributeOf(role);
  const children = [...known.values()].some((other) => other.path.startsWith(path + DELIMITER));
  const attributes = [
    ...more,
    ...(subscribed ? ["\\Subscribed"] : []),
    children ? "\\HasChildren" : "\\HasNoChildren",
    ...(use === null ? [] : [use]),
  ];
  const oldName = oldPath === null ? "" : ` ("OLDNAME" (${formatMailbox(oldPath, state.utf8)}))`;
  return `* LIST (${attributes.join(" ")}) "${DELIMITER}" ${formatMailbox(path, state.utf8)}${oldName}\r\n`;
}
