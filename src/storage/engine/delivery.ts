/** How an account wants its mail delivered, and what its filters remember. */
import { lowerAscii } from "../../base/ascii.ts";
import { parseAddress } from "../../base/address.ts";
import { utf8Bytes, utf8String } from "../../base/bytes.ts";
import {
  type AcceptArgs,
  type AccountId,
  type AnswerOf,
  type Args,
  DELIVERY_LIMITS,
  type DeliverySettings,
  type DirectoryRefused,
  MAILBOX_SCRIPT_ENTRY,
  type Remembered,
} from "../../contract/mod.ts";
import { mailboxFor, visibleByName } from "./access.ts";
import { canonicalAddress } from "./address.ts";
import { accountIdOf, mailboxIdOf, rowOf } from "./ids.ts";
import { accountOf } from "./member.ts";
import type { AccountRow, Transaction } from "./tables.ts";

const NOTHING: DeliverySettings = {
  vacation: null,
  subaddressFolders: false,
  lists: {},
  forward: [],
  targets: [],
  keep: true,
  duplicates: null,
};

export function read(tx: Transaction, args: Args<"delivery.read">): AnswerOf<"delivery.read"> {
  const { id, address } = accountOf(tx, args.accountId);
  const active = tx.sieves(id).find((row) => row.active);
  const script = active ? { name: active.name, content: tx.sieveText(id, active.name) ?? "" } : null;
  return { address, script, settings: settingsOf(tx, id) };
}

export function settings(tx: Transaction, args: Args<"delivery.settings">): AnswerOf<"delivery.settings"> {
  const account = accountNamed(tx, args.address);
  return "refused" in account ? account : settingsOf(tx, account.id);
}

export function change(tx: Transaction, args: Args<"delivery.change">): AnswerOf<"delivery.change"> {
  const account = accountNamed(tx, args.address);
  if ("refused" in account) return account;
  const changed: DeliverySettings = { ...settingsOf(tx, account.id), ...args.change };
  const wrong = problem(changed) ?? wrongTargets(changed, account.address);
  if (wrong !== null) return { refused: "invalid", text: wrong };
  tx.putDeliverySettings(account.id, JSON.stringify(changed));
  return changed;
}

export function seen(tx: Transaction, { accountId, key, now }: Args<"delivery.seen">): boolean {
  const until = tx.seenUntil(rowOf("a", accountId), key);
  return until !== null && until > now;
}

export function mailboxScript(
  tx: Transaction,
  { accountId, mailbox }: Args<"delivery.mailboxScript">,
): AnswerOf<"delivery.mailboxScript"> {
  const reached = "path" in mailbox
    ? visibleByName(tx, accountId, mailbox.path)
    : mailboxFor(tx, accountId, mailbox.mailboxId, "r");
  if (reached === null || "refused" in reached) return null;
  const { owner, mailbox: { id, path } } = reached;
  const value = tx.metadata(owner.id, id).find(({ entry }) => entry === MAILBOX_SCRIPT_ENTRY)?.value;
  const script = value === undefined ? "" : utf8String(value);
  return script === "" ? null : { ownerId: accountIdOf(owner.id), mailboxId: mailboxIdOf(id), path, script };
}

/** Accounts that a message has come to before, by keys that should be seen for the first time. */
export function repeatedFor(tx: Transaction, { remember = [], now }: AcceptArgs): ReadonlySet<AccountId> {
  const once = remember.filter((one) => one.once && seen(tx, { ...one, now }));
  return new Set(once.map(({ accountId }) => accountId));
}

/** Keeps keys; what would be too many for an account makes those go that would go soonest. */
export function rememberAll(tx: Transaction, remembered: readonly Remembered[], now: number): void {
  for (const [accountId, keys] of Map.groupBy(remembered, (one) => one.accountId)) {
    const account = rowOf("a", accountId);
    tx.forgetSeen(account, now);
    for (const { key, until } of keys) tx.putSeen(account, key, until);
    const tooMany = tx.countSeen(account) - DELIVERY_LIMITS.remembered;
    if (tooMany > 0) tx.dropSeen(account, tooMany);
  }
}

function settingsOf(tx: Transaction, account: number): DeliverySettings {
  const stored = tx.deliverySettings(account);
  return stored === null ? NOTHING : { ...NOTHING, ...JSON.parse(stored) as Partial<DeliverySettings> };
}

function problem({ vacation, lists }: DeliverySettings): string | null {
  const limits = DELIVERY_LIMITS;
  if (vacation) {
    const { subject, text, html, from, to } = vacation;
    if (utf8Bytes(html ?? "").length > limits.vacationText) {
      return `an answer has at most ${limits.vacationText} octets`;
    }
    if (utf8Bytes(text).length > limits.vacationText) return `an answer has at most ${limits.vacationText} octets`;
    if (text.includes("\0")) return "an answer has no octet 0";
    if (vacation.enabled && text.trim() === "" && html === undefined) return "an answer needs a text";
    if (subject !== null && (subject.length > limits.vacationSubject || /\p{Cc}/u.test(subject))) {
      return `a subject is one line of at most ${limits.vacationSubject} characters`;
    }
    if (from !== null && to !== null && to <= from) return "the end of an absence comes after its beginning";
  }
  const names = Object.keys(lists);
  if (names.length > limits.lists) return `there are at most ${limits.lists} lists`;
  let members = 0;
  for (const name of names) {
    if (name === "" || name.length > limits.listName || /[\p{Cc}\s]/u.test(name)) {
      return `the name of a list has 1 to ${limits.listName} characters and no spaces`;
    }
    for (const address of lists[name]!) {
      members++;
      if (address.length > limits.listName || parseAddress(address) === null) {
        return `${JSON.stringify(address.slice(0, 100))} in the list ${JSON.stringify(name)} is no address`;
      }
    }
  }
  return members > limits.listMembers ? `lists have at most ${limits.listMembers} addresses together` : null;
}

function wrongTargets({ forward, targets, duplicates }: DeliverySettings, own: string): string | null {
  const limits = DELIVERY_LIMITS;
  if (forward.length > limits.forward) return `mail goes on to at most ${limits.forward} addresses`;
  for (const address of forward) {
    const shown = JSON.stringify(address.slice(0, 100));
    if (address.length > limits.listName || parseAddress(address) === null) return `${shown} is no address`;
    if (canonicalAddress(lowerAscii(address)) === own) return `${shown} is the account itself`;
  }
  if (targets.length > limits.targets) return `mail goes to at most ${limits.targets} other places`;
  for (const name of targets) {
    if (name.length > limits.targetName || !/^[a-z0-9:_.-]+$/i.test(name)) {
      return `${JSON.stringify(name.slice(0, 100))} is no name of a place for mail`;
    }
  }
  const seconds = duplicates ?? 1;
  return Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= limits.duplicates
    ? null
    : `duplicates are left out for 1 to ${limits.duplicates} seconds`;
}

function accountNamed(tx: Transaction, text: string): AccountRow | DirectoryRefused {
  const address = canonicalAddress(lowerAscii(text));
  const account = address === null ? null : tx.accountByAddress(address);
  return account ?? { refused: "notFound", text: `there is no account ${text}` };
}
