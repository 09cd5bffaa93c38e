/**
 * The Sender Rewriting Scheme: a forwarded message gets an envelope sender of our own, for which SPF holds, and a bounce
 * finds its way back. There is no RFC; the forms are those that servers understand of each other:
 *
 *     SRS0=hash=day=domain=local@ours       for local@domain
 *     SRS1=hash=host==hash=day=domain=local@ours   for SRS0=hash=day=domain=local@host, and for SRS1 the same again
 *
 * RFC 5321 section 4.5.3.1.1 lets a server refuse local parts of more than 64 octets. Where a form would be longer, the
 * address cannot be in it, and we do not cut: the result is
 *
 *     SRS0=hash=day==key@ours
 *
 * with an empty domain, and the caller remembers which address `key` stands for until the form expires. The same address
 * has the same key, so there is one row for it however many messages come.
 */
import { type Address, domainToAscii, formatAddress, parseAddress } from "../../base/address.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { fromTwoDigits, twoDigits } from "./base32.ts";
import { srsHash, srsHashMatches, srsKeyOf, type SrsKeys } from "./sign.ts";

/** A local part of ours; `remember` names what the store must keep, until `until` (milliseconds since 1970). */
export interface Rewritten {
  readonly local: string;
  readonly remember: { readonly key: string; readonly address: Address; readonly until: number } | null;
}

/** What a local part of ours stands for. */
export type Reversed =
  /** Mail goes to this address. */
  | { readonly kind: "address"; readonly address: Address }
  /** Mail goes to the address that was remembered under this key. */
  | { readonly kind: "remembered"; readonly key: string }
  /** No rewritten address at all. */
  | { readonly kind: "none" }
  /** One that must be refused: not made here, too old, or broken. */
  | { readonly kind: "refused"; readonly why: "forged" | "expired" | "malformed" };

/** Octets of a local part that every server takes. */
const LOCAL_LIMIT = 64;
/** Octets of what is taken back. */
const REVERSED_LIMIT = 512;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Days are counted modulo this: two characters. */
const DAYS = 1024;
/** Days that a bounce may take: queues give up after five, and clocks differ. */
export const SRS_DAYS = 21;

/** Rewrites an envelope sender. The null sender has none, and a sender of ours needs none: both are the caller's to see. */
export function rewriteSender(sender: Address, keys: SrsKeys, now: number): Rewritten {
  const domain = domainToAscii(sender.domain) ?? sender.domain;
  const local = again({ local: sender.local, domain }, keys) ?? first({ local: sender.local, domain }, keys, now);
  if (utf8Bytes(local).length <= LOCAL_LIMIT) return { local, remember: null };
  const address = { local: sender.local, domain };
  const key = srsKeyOf(keys, formatAddress(address));
  const rest = `${dayOf(now)}==${key}`;
  const until = now + (SRS_DAYS + 1) * DAY_MS;
  return { local: `SRS0=${srsHash(keys, "srs0", rest)}=${rest}`, remember: { key, address, until } };
}

/** Reads a local part back. Case of the tag, the hash and the day does not count; `+` and `-` may stand for the first `=`. */
export function reverseSender(local: string, keys: SrsKeys, now: number): Reversed {
  const tag = /^SRS([01])[=+-]/i.exec(local);
  if (!tag) return { kind: "none" };
  if (utf8Bytes(local).length > REVERSED_LIMIT) return { kind: "refused", why: "malformed" };
  const fields = local.slice(tag[0].length);
  return tag[1] === "0" ? reverseFirst(fields, keys, now) : reverseAgain(fields, keys);
}

function first({ local, domain }: Address, keys: SrsKeys, now: number): string {
  const rest = `${dayOf(now)}=${domain}=${local}`;
  return `SRS0=${srsHash(keys, "srs0", rest)}=${rest}`;
}

/** For a sender that was rewritten before: the first rewriter gets the bounce, whoever forwards in between. */
function again(sender: Address, keys: SrsKeys): string | null {
  const srs0 = /^SRS0([=+-].+)$/is.exec(sender.local);
  const srs1 = /^SRS1[=+-][^=]*=([^=]+)=(.+)$/is.exec(sender.local);
  const host = srs0 ? sender.domain : srs1?.[1];
  const rest = srs0?.[1] ?? srs1?.[2];
  if (host === undefined || rest === undefined) return null;
  return `SRS1=${srsHash(keys, "srs1", `${host}=${rest}`)}=${host}=${rest}`;
}

function reverseFirst(fields: string, keys: SrsKeys, now: number): Reversed {
  const [hash, day, domain] = fields.split("=", 3);
  if (hash === undefined || day === undefined || domain === undefined) return { kind: "refused", why: "malformed" };
  const rest = fields.slice(hash.length + 1);
  if (!srsHashMatches(keys, "srs0", rest, hash)) return { kind: "refused", why: "forged" };
  const made = fromTwoDigits(day);
  if (made === null) return { kind: "refused", why: "malformed" };
  const age = (Math.floor(now / DAY_MS) - made + DAYS) % DAYS;
  // A day from tomorrow is one of a clock that is ahead.
  if (age > SRS_DAYS && age !== DAYS - 1) return { kind: "refused", why: "expired" };
  const local = rest.slice(day.length + domain.length + 2);
  if (domain === "") return { kind: "remembered", key: local.toLowerCase() };
  return toAddress(local, domain);
}

function reverseAgain(fields: string, keys: SrsKeys): Reversed {
  const [hash, host] = fields.split("=", 2);
  if (hash === undefined || host === undefined || host === "") return { kind: "refused", why: "malformed" };
  const rest = fields.slice(hash.length + host.length + 2);
  if (!/^[=+-]./.test(rest)) return { kind: "refused", why: "malformed" };
  if (!srsHashMatches(keys, "srs1", `${host}=${rest}`, hash)) return { kind: "refused", why: "forged" };
  return toAddress(`SRS0${rest}`, host); // the first rewriter looks at hash and day
}

/** Only what is an address comes out, whatever was signed. */
function toAddress(local: string, domain: string): Reversed {
  const address = parseAddress(formatAddress({ local, domain }));
  return address === null ? { kind: "refused", why: "malformed" } : { kind: "address", address };
}

function dayOf(now: number): string {
  return twoDigits(Math.floor(now / DAY_MS) % DAYS);
}
