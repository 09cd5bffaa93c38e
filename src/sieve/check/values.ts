/** Rules for strings that are known before a script runs. The same ones hold where a variable brings the value. */
import { parseAddress } from "../../base/address.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { parseAddressList } from "../../message/address.ts";
import { isComparator } from "../match/comparator.ts";
import { parseMailto } from "../run/mailto.ts";
import type { ValueRule } from "./spec.ts";

/** What a value should be; null where it is that. */
export function wrongValue(rule: ValueRule, value: string): string | null {
  const check = RULES[rule];
  return check.holds(value) ? null : check.expected;
}

/** RFC 5260 section 4.2. */
export const DATE_PARTS: readonly string[] = (
  "year month day date julian hour minute second time iso8601 std11 zone weekday"
).split(" ");

/** Fields that never hold addresses (RFC 5228 section 5.1: the test is restricted to those that do). */
const NO_ADDRESSES: ReadonlySet<string> = new Set((
  "received date subject message-id comments keywords mime-version content-type content-transfer-encoding " +
  "dkim-signature authentication-results references in-reply-to"
).split(" "));

interface Rule {
  readonly expected: string;
  holds(value: string): boolean;
}

const RULES: Readonly<Record<ValueRule, Rule>> = {
  headerName: { expected: "the name of a header field", holds: isHeaderName },
  addressHeader: {
    expected: "the name of a header field with addresses, such as From",
    holds: (value) => isHeaderName(value) && !NO_ADDRESSES.has(lowerAscii(value)),
  },
  envelopePart: { expected: '"from" or "to"', holds: (value) => ["from", "to"].includes(lowerAscii(value)) },
  datePart: { expected: "one of " + DATE_PARTS.join(", "), holds: (value) => DATE_PARTS.includes(lowerAscii(value)) },
  zone: { expected: "a zone such as +0100", holds: (value) => zoneMinutes(value) !== null },
  relation: {
    expected: "gt, ge, lt, le, eq or ne",
    holds: (value) => ["gt", "ge", "lt", "le", "eq", "ne"].includes(lowerAscii(value)),
  },
  comparator: { expected: "a comparator such as i;ascii-casemap", holds: isComparator },
  variable: { expected: "the name of a variable", holds: (value) => isIdentifier(value.replace(/^global\./i, "")) },
  globalVariable: { expected: "the name of a variable", holds: isIdentifier },
  flags: { expected: "flags", holds: () => true }, // RFC 5232 section 2: what is no flag is passed over
  mailbox: {
    expected: "the name of a mailbox",
    holds: (value) => value !== "" && value.length <= 1_000 && !/\p{Cc}/u.test(value),
  },
  address: { expected: "an address such as user@example.org", holds: (value) => addressIn(value) !== null },
  importance: { expected: '"1", "2" or "3"', holds: (value) => /^[123]$/.test(value) },
  // RFC 5435 section 3.2: a scheme that is not known is an error only when the script gets there.
  notifyMethod: {
    expected: "a URI such as mailto:user@example.org",
    holds: (value) =>
      parseMailto(value) !== null || (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(value) && !/^mailto:/i.test(value)),
  },
  specialUse: { expected: "a special use such as \\Junk", holds: (value) => /^\\[A-Za-z0-9_-]{1,64}$/.test(value) },
  plain: {
    expected: "a plain, short name",
    holds: (value) => value !== "" && value.length <= 512 && !value.includes("${"),
  },
};

function isHeaderName(value: string): boolean {
  return value.length <= 256 && /^[!-9;-~]+$/.test(value); // RFC 5322 section 2.2
}

function isIdentifier(value: string): boolean {
  return value.length <= 128 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value);
}

/** Minutes east, or null (RFC 5260 section 4.1). */
export function zoneMinutes(value: string): number | null {
  const found = /^([+-])([0-9]{2})([0-5][0-9])$/.exec(value);
  if (!found || Number(found[2]) > 23) return null;
  const minutes = Number(found[2]) * 60 + Number(found[3]);
  return found[1] === "-" ? -minutes : minutes;
}

/** The one address of a text, `user@host` or `Name <user@host>`, or null (RFC 5228 section 2.4.2.3). */
export function addressIn(text: string): string | null {
  if (/\p{Cc}/u.test(text) || text.length > 2_000) return null;
  if (parseAddress(text) !== null) return text;
  const list = parseAddressList(text);
  if (list.length !== 1 || !list[0]!.mailbox || !list[0]!.host) return null;
  const local = list[0]!.mailbox;
  const plain = `${local}@${list[0]!.host}`;
  if (parseAddress(plain) !== null) return plain;
  const quoted = `"${local.replace(/["\\]/g, "\\$&")}"@${list[0]!.host}`;
  return parseAddress(quoted) !== null ? quoted : null;
}
