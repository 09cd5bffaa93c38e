/**
 * What is wrong with a HELO name. RFC 5321 section 4.1.4 forbids to refuse mail because the name does not match the
 * client's address, and nothing here asks the DNS: these are names that no server of its own has.
 */
import { equalsIgnoreCase } from "../base/ascii.ts";
import { addressText, clientAddress } from "../mailauth/spf/ip_address.ts";

/** Faults, the surest signs of a forger first. */
export const HELO_FAULTS = ["ownName", "ownAddress", "otherLiteral", "bareAddress", "unqualified"] as const;

/** `ownName`, `ownAddress`: ours; `otherLiteral`: an address that is not the client's; `unqualified`: without a dot. */
export type HeloFault = typeof HELO_FAULTS[number];

/** What there is to compare with. */
export interface HeloFacts {
  readonly remoteAddress: string;
  /** The address it came to. */
  readonly localAddress: string;
  /** How this server names itself. */
  readonly hostname: string;
}

/** The fault of a name, or null. */
export function heloFault(helo: string, facts: HeloFacts): HeloFault | null {
  const bare = helo.endsWith(".") ? helo.slice(0, -1) : helo;
  if (equalsIgnoreCase(bare, facts.hostname)) return "ownName";
  if (helo.startsWith("[")) return literalFault(helo, facts);
  if (clientAddress(bare) !== null) return "bareAddress"; // RFC 5321 section 4.1.3 wants brackets
  return bare.includes(".") ? null : "unqualified";
}

/** RFC 5321 section 4.1.3: `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
function literalFault(helo: string, { remoteAddress, localAddress }: HeloFacts): HeloFault | null {
  const inside = helo.endsWith("]") ? helo.slice(1, -1).replace(/^ipv6:/i, "") : "";
  const literal = same(inside);
  if (literal === null) return "otherLiteral";
  if (literal === same(remoteAddress)) return null;
  return literal === same(localAddress) ? "ownAddress" : "otherLiteral";
}

function same(text: string): string | null {
  const address = clientAddress(text);
  return address === null ? null : addressText(address);
}

/** The words for whoever is refused. */
export function heloWords(fault: HeloFault): string {
  switch (fault) {
    case "ownName":
    case "ownAddress":
      return "You greeted with the name or address of this server; greet with your own";
    case "otherLiteral":
    case "bareAddress":
      return "You greeted with an address that is not yours, or without brackets; greet with the name of your host";
    case "unqualified":
      return "You greeted with a name without a domain; greet with the full name of your host";
  }
}
