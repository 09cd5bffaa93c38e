/** What mailboxes are looked for by (RFC 8621 section 2.3). */
import type { MailboxObject } from "../../contract/mod.ts";
import { fold } from "../../message/mod.ts";
import type { Call } from "../call.ts";
import type { Json } from "../json.ts";
import { textKey } from "../standard/collation.ts";
import { comparing, readComparators } from "../standard/comparators.ts";
import { noCondition, type Test, wrongCondition } from "../standard/filter.ts";

export type Compare = (a: MailboxObject, b: MailboxObject) => number;

export function readCondition(name: string, value: Json): Test<MailboxObject> {
  switch (name) {
    case "parentId":
      if (value !== null && typeof value !== "string") throw wrongCondition(name);
      return ({ parentId }) => parentId === value;
    case "name": {
      if (typeof value !== "string") throw wrongCondition(name);
      const wanted = fold(value);
      return (mailbox) => fold(nameOf(mailbox)).includes(wanted);
    }
    case "role":
      if (value !== null && typeof value !== "string") throw wrongCondition(name);
      return ({ role }) => role === value;
    case "hasAnyRole":
      if (typeof value !== "boolean") throw wrongCondition(name);
      return ({ role }) => (role !== null) === value;
    case "isSubscribed":
      if (typeof value !== "boolean") throw wrongCondition(name);
      return ({ subscribed }) => subscribed === value;
  }
  throw noCondition(name);
}

export function readSort(call: Call): Compare {
  const comparators = readComparators(call, ["sortOrder", "name"]);
  if (comparators.length === 0) return (a, b) => a.sortOrder - b.sortOrder || byName(a, b);
  return comparing<MailboxObject>(comparators, (a, b, { property, collation }) => {
    return property === "sortOrder" ? a.sortOrder - b.sortOrder : compareNames(a, b, collation);
  }, byName);
}

/** As a client sees it. */
export function nameOf({ path, name }: MailboxObject): string {
  return path === "INBOX" ? "Inbox" : name;
}

function compareNames(a: MailboxObject, b: MailboxObject, collation: string | null): number {
  const [left, right] = [textKey(nameOf(a), collation), textKey(nameOf(b), collation)];
  return left === right ? 0 : left < right ? -1 : 1;
}

function byName(a: MailboxObject, b: MailboxObject): number {
  return compareNames(a, b, null) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}
