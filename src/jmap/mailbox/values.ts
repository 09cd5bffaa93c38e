/** What a client may say of a mailbox (RFC 8621 section 2), and what is said to it where that cannot be. */
import type { MailboxId, MailboxPatch, MailboxRole, MailboxSetRefused } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { invalidProperties, SetError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";

const ROLES: ReadonlySet<string> = new Set(["inbox", "drafts", "sent", "trash", "junk", "archive"]);

/** Properties that only the server sets. */
export const SET_BY_SERVER: ReadonlySet<string> = new Set([
  "id",
  "totalEmails",
  "unreadEmails",
  "totalThreads",
  "unreadThreads",
  "myRights",
]);

/** A new mailbox with its defaults. Throws `SetError`. */
export function readNew(call: Call, account: JmapAccount, mailbox: JsonObject) {
  const patch = readValues(call, account, new Map(Object.entries(mailbox)));
  if (patch.name === undefined) throw invalidProperties(["name"], "a mailbox has a name");
  return {
    name: patch.name,
    parentId: patch.parentId ?? null,
    role: patch.role ?? null,
    sortOrder: patch.sortOrder ?? 0,
    isSubscribed: patch.isSubscribed ?? subscribedByItself(account),
  };
}

/** RFC 8621 section 2, isSubscribed: what somebody makes for himself he wants to see. */
function subscribedByItself({ isPersonal }: JmapAccount): boolean {
  return isPersonal;
}

/** Properties with what they are to be; null is the default (RFC 8620 section 5.3). All that are wrong are told at once. */
export function readValues(call: Call, account: JmapAccount, values: ReadonlyMap<string, Json>): MailboxPatch {
  const patch: { -readonly [K in keyof MailboxPatch]: MailboxPatch[K] } = {};
  const bad: string[] = [];
  for (const [property, value] of values) {
    if (!readValue(call, account, patch, property, value)) bad.push(property);
  }
  if (bad.length > 0) throw invalidProperties(bad, "they are not as they must be, or the server sets them");
  return patch;
}

/** False: it is not as it must be. */
function readValue(
  call: Call,
  account: JmapAccount,
  patch: { -readonly [K in keyof MailboxPatch]: MailboxPatch[K] },
  property: string,
  value: Json,
): boolean {
  switch (property) {
    case "name":
      if (typeof value !== "string") return false;
      patch.name = value;
      return true;
    case "parentId":
      if (value !== null && typeof value !== "string") return false;
      patch.parentId = value === null ? null : call.resolve(value) as MailboxId;
      return true;
    case "role":
      if (value !== null && !(typeof value === "string" && ROLES.has(value))) return false;
      patch.role = value as MailboxRole | null;
      return true;
    case "sortOrder":
      if (value !== null && !(Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31)) {
        return false;
      }
      patch.sortOrder = (value ?? 0) as number;
      return true;
    case "isSubscribed":
      if (value !== null && typeof value !== "boolean") return false;
      patch.isSubscribed = value ?? subscribedByItself(account);
      return true;
  }
  return false;
}

export function setError({ refused }: MailboxSetRefused, patch: MailboxPatch = {}): SetError {
  switch (refused) {
    case "notFound":
      return new SetError("notFound");
    case "noPermission":
      return new SetError("forbidden");
    case "exists":
      return invalidProperties(["name"], "there is a mailbox of this name");
    case "invalidName":
      return invalidProperties(["name"], "this cannot be a name: no control characters, no /, at most 255 octets");
    case "tooDeep":
      return invalidProperties(["parentId"], "mailboxes nest 50 deep at most");
    case "badParent":
      return invalidProperties(["parentId"], "there is no such mailbox to be in");
    case "roleTaken":
      return invalidProperties(["role"], "another mailbox has this role");
    case "isInbox":
      if (patch.role === "inbox") return invalidProperties(["role"], "another mailbox has this role");
      return new SetError("forbidden", "the inbox stays as it is");
    case "hasChildren":
      return new SetError("mailboxHasChild");
    case "hasEmails":
      return new SetError("mailboxHasEmail");
  }
}
