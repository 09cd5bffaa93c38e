/** Rules for strings that are known before a script runs. The same ones hold where a variable brings the value. */
import { parseAddress } from "../../base/address.ts";
import { parseAddressList } from "../../message/address.ts";
import type { ValueRule } from "./spec.ts";

/** RFC 5322 section 2.2. */
export const HEADER_NAME: ValueRule = { expected: "the name of a header field", holds: isHeaderName };

/** RFC 5229 section 3; with the namespace of an extension before it. */
export const VARIABLE: ValueRule = {
  expected: "the name of a variable",
  holds: (value) => isIdentifier(value.replace(/^[A-Za-z_][A-Za-z0-9_]*\./, "")),
  fixed: true,
};

/** The name of a mailbox: not empty, no control characters. */
export const MAILBOX: ValueRule = {
  expected: "the name of a mailbox",
  holds: (value) => value !== "" && value.length <= 1_000 && !/\p{Cc}/u.test(value),
};

export const ADDRESS: ValueRule = {
  expected: "an address such as user@example.org",
  holds: (value) => addressIn(value) !== null,
};

/** What is no name that a person gives. */
export const PLAIN: ValueRule = {
  expected: "a plain, short name",
  holds: (value) => value !== "" && value.length <= 512 && !value.includes("${"),
  fixed: true,
};

function isHeaderName(value: string): boolean {
  return value.length <= 256 && /^[!-9;-~]+$/.test(value); // RFC 5322 section 2.2
}

export function isIdentifier(value: string): boolean {
  return value.length <= 128 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value);
}

/** The one address of a text, `user@host` or `Name <user@host>`, or null (RFC 5228 section 2.4.2.3). */
export function addressIn(text: string): string | null {
  if (/\p{Cc}/u.test(text) || text.length > 2_000) return null;
  if (parseAddress(text) !== null) return text;
  // What a message may get away with, a script may not: nothing is guessed where mail is sent to.
  const angle = /<([^<>]*)>[ \t]*$/.exec(text);
  if (angle === null && /[<>]/.test(text)) return null;
  const bare = (angle?.[1] ?? text).trim();
  if (parseAddress(bare) === null && !/["(\\]/.test(bare)) return null;
  const list = parseAddressList(text);
  if (list.length !== 1 || !list[0]!.mailbox || !list[0]!.host) return null;
  const local = list[0]!.mailbox;
  const plain = `${local}@${list[0]!.host}`;
  if (parseAddress(plain) !== null) return plain;
  const quoted = `"${local.replace(/["\\]/g, "\\$&")}"@${list[0]!.host}`;
  return parseAddress(quoted) !== null ? quoted : null;
}
