/** The way that a person chose for a row of the queue, as text and taken apart. */
import { lowerAscii, parseDigits } from "../../base/ascii.ts";
import { domainToAscii, parseDomain } from "../../base/address.ts";
import { ipAddress, literalAddress } from "./addresses.ts";
import type { Relay } from "./route.ts";

/** One host, whatever DNS says of mail; or as if the mail was for another domain. */
export type Way = { readonly kind: "host"; readonly host: Relay } | {
  readonly kind: "domain";
  readonly domain: string;
};

const SMTP_PORT = 25;
const MOST = 300;

/** `host:port`, an IP address (bare or as a literal, with a port or without), or a domain; null: it is none of these. */
export function parseWay(text: string): Way | null {
  if (text.length > MOST) return null;
  const bare = ipAddress(text) ?? literalAddress(text);
  if (bare !== null) return { kind: "host", host: { host: bare, port: SMTP_PORT } };
  const colon = text.lastIndexOf(":");
  if (colon < 0) {
    const domain = nameOf(text);
    return domain === null ? null : { kind: "domain", domain };
  }
  const digits = text.slice(colon + 1);
  const port = digits.length === 0 || digits.length > 5 ? null : parseDigits(digits, 65_535);
  const name = text.slice(0, colon);
  const inner = name.startsWith("[") && name.endsWith("]") ? ipAddress(name.slice(1, -1)) : null;
  const host = inner ?? literalAddress(name) ?? ipAddress(name) ?? nameOf(name);
  if (host === null || port === null || port === 0 || (host.includes(":") && !name.startsWith("["))) return null;
  return { kind: "host", host: { host, port } };
}

/** The one spelling of a way: what is stored, shown and compared. */
export function formatWay(way: Way): string {
  if (way.kind === "domain") return way.domain;
  const { host, port } = way.host;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A way in its one spelling, or null where it is none. */
export function canonicalWay(text: string): string | null {
  const way = parseWay(text);
  return way && formatWay(way);
}

function nameOf(text: string): string | null {
  const domain = text.startsWith("[") ? null : parseDomain(text);
  const ascii = domain === null ? null : domainToAscii(domain);
  return ascii === null ? null : lowerAscii(ascii);
}
