import { type Address, formatAddress, parseAddress, parseDomain } from "../../base/address.ts";
import { isAscii, lowerAscii } from "../../base/ascii.ts";
import { latin1Bytes, utf8Strict } from "../../base/bytes.ts";
import { PATH } from "./limits.ts";

/** What stands in MAIL or RCPT behind the colon. */
export interface Path {
  /** Null for `<>` (the null reverse-path) and for `<postmaster>`. */
  readonly address: Address | null;
  /** `""`, `postmaster`, or `local@domain` as `formatAddress` prints it. */
  readonly text: string;
  /** Whether it needs SMTPUTF8 (RFC 6531). */
  readonly ascii: boolean;
  /** What is behind the `>`: parameters with their leading space, or empty. */
  readonly rest: string;
}

/** RFC 5321 section 4.1.2 Reverse-path: `<>` or a path. `text` is latin1; null where it breaks the grammar. */
export function parseReversePath(text: string): Path | null {
  const parts = cut(text);
  if (parts === null) return null;
  if (parts.inner === "") return { address: null, text: "", ascii: true, rest: parts.rest };
  return parsePath(parts);
}

/** RFC 5321 section 4.1.2 Forward-path: a path, or `<Postmaster>` in any case and without a domain. */
export function parseForwardPath(text: string): Path | null {
  const parts = cut(text);
  if (parts === null) return null;
  // RFC 5321 section 4.1.1.3: the one local part that needs no domain.
  if (lowerAscii(parts.inner) === "postmaster") {
    return { address: null, text: "postmaster", ascii: true, rest: parts.rest };
  }
  return parsePath(parts);
}

interface Cut {
  /** Between the angle brackets. */
  readonly inner: string;
  readonly rest: string;
}

/** Finds the angle brackets. A `>` inside a quoted string does not end a path. Spaces before it are borne. */
function cut(text: string): Cut | null {
  let start = 0;
  while (text[start] === " ") start++;
  if (text[start] !== "<") return null;
  let quoted = false;
  const limit = Math.min(text.length, start + PATH);
  for (let i = start + 1; i < limit; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) quoted = !quoted;
    else if (code === 92 && quoted) i++;
    else if (code === 62 && !quoted) return { inner: text.slice(start + 1, i), rest: text.slice(i + 1) };
  }
  return null;
}

function parsePath({ inner, rest }: Cut): Path | null {
  const mailbox = withoutRoute(inner);
  if (mailbox === null) return null;
  const ascii = isAscii(mailbox);
  const text = ascii ? mailbox : utf8Strict(latin1Bytes(mailbox));
  const address = text === null ? null : parseAddress(text);
  return address === null ? null : { address, text: formatAddress(address), ascii, rest };
}

/**
 * RFC 5321 section 4.1.1.3 and appendix C: a source route `@a,@b:` must be understood and should be ignored. What is
 * behind its colon is the mailbox; nothing is ever sent along the route.
 */
function withoutRoute(inner: string): string | null {
  if (inner[0] !== "@") return inner;
  const colon = inner.indexOf(":");
  // A literal in the route may hold a colon; such routes are refused with everything else that is not a domain.
  if (colon < 0) return null;
  const hops = inner.slice(0, colon).split(",");
  if (!hops.every((hop) => hop[0] === "@" && parseDomain(hop.slice(1)) !== null)) return null;
  return inner.slice(colon + 1);
}
