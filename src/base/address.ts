import { isAscii, lowerAscii } from "./ascii.ts";

/**
 * A mailbox address as the envelope knows it (RFC 5321 section 4.1.2, RFC 6531 section 3.3): `local` without quotes
 * or backslashes, `domain` in lower case (ASCII letters), or an address literal with its brackets.
 */
export interface Address {
  readonly local: string;
  readonly domain: string;
}

/**
 * Octets. RFC 5321 section 4.5.3.1.1 says 64, but as the least that must be taken, and section 4.5.3.1 asks for more
 * where it is possible: VERP and SRS put a whole foreign address into a local part.
 */
const LOCAL_LIMIT = 255;
const DOMAIN_LIMIT = 255; // RFC 5321 section 4.5.3.1.2, octets

/**
 * Parses `local@domain` where local is a dot-string or a quoted string and domain is a domain name (A- or U-labels)
 * or an address literal. Null for everything else: route, percent of a route, trailing dot, empty label, NUL.
 */
export function parseAddress(text: string): Address | null {
  const parsed = text.startsWith('"') ? parseQuoted(text) : parseDotString(text);
  if (!parsed) return null;
  const { local, rest } = parsed;
  if (rest[0] !== "@" || octets(local) > LOCAL_LIMIT || local.length === 0) return null;
  const domain = parseDomain(rest.slice(1));
  return domain === null ? null : { local, domain };
}

/** Prints an address; the local part is quoted where the grammar needs it. `parseAddress` reads it back. */
export function formatAddress(address: Address): string {
  return `${formatLocal(address.local)}@${address.domain}`;
}

/** The local part, quoted where it is not a dot-string. */
export function formatLocal(local: string): string {
  if (isDotString(local)) return local;
  let out = '"';
  for (const char of local) out += char === '"' || char === "\\" ? "\\" + char : char;
  return out + '"';
}

/** A domain name or an address literal in canonical form, or null. A trailing dot is refused. */
export function parseDomain(text: string): string | null {
  if (text.length === 0 || octets(text) > DOMAIN_LIMIT) return null;
  if (text[0] === "[") return isLiteral(text) ? lowerAscii(text) : null;
  for (const label of text.split(".")) if (!isLabel(label)) return null;
  return lowerAscii(text);
}

function parseDotString(text: string): { local: string; rest: string } | null {
  const at = text.lastIndexOf("@");
  if (at < 1) return null;
  const local = text.slice(0, at);
  return isDotString(local) ? { local, rest: text.slice(at) } : null;
}

function parseQuoted(text: string): { local: string; rest: string } | null {
  let local = "";
  for (let i = 1; i < text.length; i++) {
    const char = text[i]!;
    if (char === '"') return { local, rest: text.slice(i + 1) };
    if (char === "\\") {
      const next = text[++i];
      if (next === undefined || !isQuotable(next)) return null;
      local += next;
    } else if (isQuotable(char)) local += char;
    else return null;
  }
  return null;
}

function isQuotable(char: string): boolean {
  const code = char.charCodeAt(0);
  return code >= 32 && code !== 127;
}

function isDotString(text: string): boolean {
  if (text.length === 0) return false;
  let atom = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (atom === 0) return false;
      atom = 0;
    } else if (isAtext(code)) atom++;
    else return false;
  }
  return atom > 0;
}

/** RFC 5322 section 3.2.3 atext, with UTF8-non-ascii of RFC 6531. */
function isAtext(code: number): boolean {
  return code > 127 || (code >= 97 && code <= 122) || (code >= 64 + 1 && code <= 90) || (code >= 48 && code <= 57) ||
    "!#$%&'*+-/=?^_`{|}~".includes(String.fromCharCode(code));
}

function isLabel(label: string): boolean {
  if (label.length === 0 || octets(label) > 63 || label.startsWith("-") || label.endsWith("-")) return false;
  for (let i = 0; i < label.length; i++) {
    const code = label.charCodeAt(i);
    const ok = code > 159 || (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) ||
      code === 45 || code === 95; // "_" is not of the grammar, but stands in names that people use
    if (!ok) return false;
  }
  return true;
}

function isLiteral(text: string): boolean {
  if (!text.endsWith("]")) return false;
  const inner = text.slice(1, -1);
  if (/^[0-9]{1,3}(\.[0-9]{1,3}){3}$/.test(inner)) return inner.split(".").every((part) => Number(part) <= 255);
  const six = lowerAscii(inner.slice(0, 5)) === "ipv6:" ? inner.slice(5) : "";
  return six.length > 1 && six.length <= 45 && /^[0-9a-fA-F:.]+$/.test(six) && six.includes(":");
}

function octets(text: string): number {
  return isAscii(text) ? text.length : new TextEncoder().encode(text).length;
}

/**
 * The A-label form of a domain (RFC 5891), or null where it has none: what DNS, certificates and comparisons use.
 * Address literals come back as they are.
 */
export function domainToAscii(domain: string): string | null {
  if (domain.startsWith("[") || isAscii(domain)) return lowerAscii(domain);
  try {
    const host = new URL(`http://${domain}/`).hostname;
    return isAscii(host) && parseDomain(host) !== null ? host : null;
  } catch {
    return null;
  }
}
