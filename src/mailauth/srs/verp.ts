/**
 * Variable envelope return paths: each recipient of a list has a sender of his own, so that a bounce tells who it was,
 * whatever it says. `bounces` for alice@example.org is `bounces+alice=example.org`.
 */
import { type Address, domainToAscii, formatAddress, parseAddress } from "../../base/address.ts";
import { equalsIgnoreCase } from "../../base/ascii.ts";
import { utf8Bytes } from "../../base/bytes.ts";

/** RFC 5321 section 4.5.3.1.1. */
const LOCAL_LIMIT = 64;

/**
 * The local part for a recipient. Null where it would have more than 64 octets, which a server may refuse: then the
 * list's plain address must do, and the bounce is read.
 */
export function encodeVerp(prefix: string, recipient: Address, separator = "+"): string | null {
  const domain = domainToAscii(recipient.domain);
  if (domain === null || domain.startsWith("[")) return null;
  const local = `${prefix}${separator}${recipient.local}=${domain}`;
  return utf8Bytes(local).length > LOCAL_LIMIT ? null : local;
}

/** The recipient in a local part, or null where it is none of this prefix. The last `=` is the `@`: no domain has one. */
export function decodeVerp(prefix: string, local: string, separator = "+"): Address | null {
  const head = prefix + separator;
  const equals = local.lastIndexOf("=");
  if (!equalsIgnoreCase(local.slice(0, head.length), head) || equals < head.length) return null;
  return parseAddress(formatAddress({ local: local.slice(head.length, equals), domain: local.slice(equals + 1) }));
}
