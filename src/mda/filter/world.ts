/** What a script may ask, answered from the store for one account. */
import { lowerAscii } from "../../base/ascii.ts";
import { utf8String } from "../../base/bytes.ts";
import {
  type AccountId,
  ask,
  type BlobId,
  type DeliverySettings,
  type Mailbox,
  type MailboxRole,
  type Program,
} from "../../contract/mod.ts";
import type { SieveScript, SieveWorld } from "../../sieve/mod.ts";
import { readBlob } from "./message.ts";
import type { FilterPolicy } from "./policy.ts";

/** Whose world it is. */
export interface WorldOwner {
  readonly accountId: AccountId;
  /** The account's own address. */
  readonly account: string;
  readonly settings: DeliverySettings;
  readonly now: number;
  /** Keys of this very delivery: another recipient of the same account may have been served already. */
  readonly remembered: ReadonlySet<string>;
}

/** The key of `remembered`. */
export function rememberedKey(accountId: AccountId, key: string): string {
  return `${accountId} ${key}`;
}

/** The special uses of RFC 6154 that mailboxes here have. */
const ROLES: ReadonlySet<string> = new Set(["drafts", "sent", "trash", "junk", "archive", "inbox"]);

/** `\Junk` as mailboxes have it, or null. */
export function roleOf(use: string): MailboxRole | null {
  const role = lowerAscii(use.startsWith("\\") ? use.slice(1) : use);
  return ROLES.has(role) ? role as MailboxRole : null;
}

/** Whether the account may put mail into it (RFC 4314 section 2.1). */
export function mayPost({ rights }: Mailbox): boolean {
  return /[pi]/.test(rights);
}

/** The world of one account's scripts over one message. */
export function accountWorld(owner: WorldOwner, blobId: BlobId, policy: FilterPolicy): SieveWorld {
  const { accountId, now } = owner;
  let mailboxes: readonly Mailbox[] | null = null;
  const all = function* (): Program<readonly Mailbox[]> {
    return mailboxes ??= yield* ask("mailbox.list", { accountId });
  };
  const annotation = function* (path: string | null, entry: string): Program<string | null> {
    const name = lowerAscii(entry);
    const found = yield* ask("metadata.get", { accountId, path, entries: [name], depth: 0 });
    if ("refused" in found) return null;
    const value = found.find((one) => one.entry === name)?.value;
    return value === undefined ? null : utf8String(value);
  };
  return {
    read: (start, end) => readBlob(blobId, start, end),
    *mailboxExists(path) {
      const mailbox = yield* ask("mailbox.get", { accountId, path });
      return mailbox !== null && mayPost(mailbox);
    },
    *mailboxById(id) {
      return (yield* all()).find(({ mailboxId }) => mailboxId === id)?.path ?? null;
    },
    *mailboxByUse(use, among) {
      const role = roleOf(use);
      if (role === null) return null;
      const mailbox = (yield* all()).find((one) => one.role === role);
      return mailbox && (among === null || mailbox.path === among) ? mailbox.path : null;
    },
    mailboxMetadata: (path, entry) => annotation(path, entry),
    serverMetadata: (entry) => annotation(null, entry),
    script: (location, name) =>
      location === "global" ? globalScript(policy, name) : personalScript(owner, name, policy),
    *seen(key) {
      if (owner.remembered.has(rememberedKey(accountId, key))) return true;
      return yield* ask("delivery.seen", { accountId, key, now });
    },
    ...listsOf(owner.settings),
  };
}

// deno-lint-ignore require-yield -- answers are programs
function* globalScript(policy: FilterPolicy, name: string): Program<SieveScript | null> {
  return policy.globals.get(name) ?? null;
}

function* personalScript(owner: WorldOwner, name: string, policy: FilterPolicy): Program<SieveScript | null> {
  const found = yield* ask("sieve.get", { address: owner.account, name });
  if ("refused" in found) return null;
  const parsed = policy.scripts.get(found.content);
  return "script" in parsed ? parsed.script : null;
}

/** RFC 6134: lists that the account keeps. Addresses are compared without case. */
function listsOf({ lists }: DeliverySettings): Pick<SieveWorld, "listKnown" | "listHolds" | "listMembers"> {
  const membersOf = (list: string): readonly string[] | null => Object.hasOwn(lists, list) ? lists[list]! : null;
  return {
    // deno-lint-ignore require-yield -- answers are programs
    *listKnown(list) {
      return membersOf(list) !== null;
    },
    // deno-lint-ignore require-yield -- answers are programs
    *listHolds(list, value) {
      const lower = lowerAscii(value);
      return membersOf(list)?.some((member) => lowerAscii(member) === lower) ?? false;
    },
    // deno-lint-ignore require-yield -- answers are programs
    *listMembers(list, limit) {
      return membersOf(list)?.slice(0, limit + 1) ?? null;
    },
  };
}
