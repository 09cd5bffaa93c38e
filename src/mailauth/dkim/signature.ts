/**
 * Reading the tags of a signature (RFC 6376 sections 3.5 and 6.1.1), meticulously: whatever is not as it must be makes
 * the whole field void. ARC's two fields share the grammar (RFC 8617 section 4.1), so their readers are built of the
 * same pieces.
 */
import { lowerAscii, parseDigits } from "../../base/ascii.ts";
import { latin1Bytes, utf8String } from "../../base/bytes.ts";
import { base64Value } from "./base64_value.ts";
import type { Canonicalization } from "./body_canon.ts";
import { domainValue, isWithin, selectorValue } from "./domain_value.ts";
import type { SignedField } from "./header_fields.ts";
import { colonList, parseTagList, type Tag, type TagList, trimFws, withoutFws } from "./tag_list.ts";

/** Octets of one signature field that are read; an honest one has one or two thousand. */
const FIELD_LIMIT = 32 * 1024;
/** Names in h= that are read; an honest one has some dozens. */
const NAMES_LIMIT = 1000;

/** Algorithms that are in use (RFC 8301, RFC 8463). */
export type SigningAlgorithm = "rsa-sha256" | "ed25519-sha256";

/** What any of the signatures needs to be checked against a key. */
export interface KeyedSignature {
  readonly algorithm: SigningAlgorithm;
  /** d= and s=, A-labels in lower case. */
  readonly domain: string;
  readonly selector: string;
  /** b=, decoded. */
  readonly signature: Uint8Array;
  /** Where the value of b= stands in the field's value, the white space around it with it. */
  readonly signatureAt: Tag;
}

/** What a signature over header and body says. */
export interface MessageSignature extends KeyedSignature {
  readonly headerCanon: Canonicalization;
  readonly bodyCanon: Canonicalization;
  readonly bodyHash: Uint8Array;
  /** l=, octets of the canonical body; null where the whole body is signed. */
  readonly bodyLength: number | null;
  /** h=, in lower case. */
  readonly signedNames: readonly string[];
  /** t= and x=, seconds since 1970. */
  readonly signedAt: number | null;
  readonly expiresAt: number | null;
  /** i= of a DKIM-Signature, or what stands for it; null for ARC. */
  readonly identity: string | null;
  readonly identityDomain: string | null;
}

/** A field that cannot be taken: how that is called (RFC 8601 section 2.7.1), and why. */
export interface Void {
  readonly void: "neutral" | "policy" | "permerror";
  readonly reason: string;
}

/** The tags, or why there are none. */
export function signatureTags(field: SignedField): TagList | Void {
  if (field.text.length > FIELD_LIMIT) return neutral(`the signature has more than ${FIELD_LIMIT} octets`);
  const tags = parseTagList(field.value);
  return "malformed" in tags ? neutral(tags.malformed) : tags;
}

/** A DKIM-Signature. */
export function dkimSignature(tags: TagList): MessageSignature | Void {
  const version = tags.get("v");
  if (!version) return neutral("the tag v= is missing");
  if (version.value !== "1") return neutral("the version of the signature is not known");
  const read = messageSignature(tags);
  if ("void" in read) return read;
  const given = tags.get("i");
  const octets = given ? quotedPrintable(given.value) : `@${read.domain}`;
  const at = octets.lastIndexOf("@");
  const identityDomain = at < 0 ? null : domainValue(octets.slice(at + 1));
  // deno-lint-ignore no-control-regex -- it is written into a header field again
  if (identityDomain === null || /[\x00-\x1f\x7f]/.test(octets)) return neutral("the tag i= is malformed");
  // RFC 6376 section 6.1.1: d= is the same as or a parent of the domain of i=.
  if (!isWithin(identityDomain, read.domain)) return permerror("the identity i= is not of the domain d=");
  const local = utf8String(latin1Bytes(octets.slice(0, at)));
  return { ...read, identity: `${local}@${identityDomain}`, identityDomain };
}

/** The tags that DKIM-Signature and ARC-Message-Signature have in common. */
export function messageSignature(tags: TagList): MessageSignature | Void {
  const keyed = keyedSignature(tags);
  if ("void" in keyed) return keyed;
  const canon = canonicalizations(tags.get("c")?.value ?? "simple/simple");
  if (canon === null) return neutral("the canonicalization is not known");
  const bodyHash = base64Value(tags.get("bh")?.value ?? "");
  if (!tags.has("bh")) return neutral("the tag bh= is missing");
  if (bodyHash === null) return neutral("the tag bh= is malformed");
  const signedNames = fieldNames(tags.get("h")?.value);
  if (typeof signedNames === "string") return neutral(signedNames);
  // RFC 6376 section 5.4: From must be signed.
  if (!signedNames.includes("from")) return permerror("From is not signed");
  const bodyLength = digits(tags.get("l"), 76);
  const signedAt = digits(tags.get("t"), 12);
  const expiresAt = digits(tags.get("x"), 12);
  if (bodyLength === false || signedAt === false || expiresAt === false) return neutral("a number is malformed");
  if (signedAt !== null && expiresAt !== null && expiresAt <= signedAt) return neutral("it expires before it is made");
  const queries = colonList(tags.get("q")?.value ?? "dns/txt").map(lowerAscii);
  if (!queries.includes("dns/txt")) return neutral("its key is not to be found in the DNS");
  const times = { signedAt, expiresAt };
  return { ...keyed, ...canon, bodyHash, bodyLength, signedNames, ...times, identity: null, identityDomain: null };
}

/** The tags that all three kinds have in common. */
export function keyedSignature(tags: TagList): KeyedSignature | Void {
  for (const name of ["a", "b", "d", "s"]) if (!tags.has(name)) return neutral(`the tag ${name}= is missing`);
  const domain = domainValue(tags.get("d")!.value);
  if (domain === null) return neutral("the domain d= is malformed");
  const selector = selectorValue(tags.get("s")!.value);
  if (selector === null || selector.length + domain.length > 240) return neutral("the selector s= is malformed");
  const signatureAt = tags.get("b")!;
  const signature = base64Value(signatureAt.value);
  if (signature === null || signature.length === 0) return neutral("the tag b= is malformed");
  const algorithm = lowerAscii(tags.get("a")!.value);
  // RFC 8301 section 3.1: rsa-sha1 must not be used for verifying.
  if (algorithm === "rsa-sha1") return { void: "policy", reason: "rsa-sha1 is too weak" };
  if (algorithm !== "rsa-sha256" && algorithm !== "ed25519-sha256") return neutral("the algorithm is not known");
  return { algorithm, domain, selector, signature, signatureAt };
}

/** What a void field says of itself, as far as it is well formed: for the report, never for a decision. */
export function claims(tags: TagList): { domain: string | null; selector: string | null; algorithm: string | null } {
  const algorithm = lowerAscii(tags.get("a")?.value ?? "");
  return {
    domain: domainValue(tags.get("d")?.value ?? ""),
    selector: selectorValue(tags.get("s")?.value ?? ""),
    algorithm: /^[a-z0-9]{1,20}-[a-z0-9]{1,20}$/.test(algorithm) ? algorithm : null,
  };
}

function canonicalizations(value: string): { headerCanon: Canonicalization; bodyCanon: Canonicalization } | null {
  const [headerCanon = "", bodyCanon = "simple", ...more] = lowerAscii(value).split("/").map(trimFws);
  if (more.length > 0 || !isCanon(headerCanon) || !isCanon(bodyCanon)) return null;
  return { headerCanon, bodyCanon };
}

function isCanon(text: string): text is Canonicalization {
  return text === "simple" || text === "relaxed";
}

/** RFC 6376 section 3.5, h=: a list that is not empty. A string says what is wrong. */
function fieldNames(value: string | undefined): string[] | string {
  if (value === undefined) return "the tag h= is missing";
  const names = colonList(value).map(lowerAscii);
  if (names.length > NAMES_LIMIT) return `the tag h= has more than ${NAMES_LIMIT} names`;
  return names.every((name) => /^[\x21-\x7e]+$/.test(name)) ? names : "the tag h= is malformed";
}

/** Null where there is no tag, false where it is no number. More than any message or time counts as infinite. */
function digits(tag: Tag | undefined, most: number): number | null | false {
  if (!tag) return null;
  if (!/^[0-9]+$/.test(tag.value) || tag.value.length > most) return false;
  return parseDigits(tag.value) ?? Infinity;
}

/** RFC 6376 section 2.11: white space goes, =XX is an octet. */
function quotedPrintable(value: string): string {
  return withoutFws(value).replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

function neutral(reason: string): Void {
  return { void: "neutral", reason };
}

function permerror(reason: string): Void {
  return { void: "permerror", reason };
}
