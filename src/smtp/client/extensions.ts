/** What a server offers in its EHLO reply (RFC 5321 section 4.1.1.1). */
import { parseDigits, upperAscii } from "../../base/ascii.ts";

export interface Extensions {
  readonly esmtp: boolean;
  readonly startTls: boolean;
  readonly pipelining: boolean;
  readonly eightBitMime: boolean;
  readonly smtputf8: boolean;
  readonly dsn: boolean;
  readonly requireTls: boolean;
  /** BDAT and BINARYMIME (RFC 3030). */
  readonly binary: boolean;
  /** SIZE is offered (RFC 1870). */
  readonly size: boolean;
  /** Octets a message may have, or null where nothing is said. */
  readonly sizeLimit: number | null;
  /** SASL mechanisms, upper case. */
  readonly mechanisms: readonly string[];
  /** RFC 9422 RCPTMAX and MAILMAX (of one connection), or null. */
  readonly recipientLimit: number | null;
  readonly mailLimit: number | null;
}

/** HELO: nothing is offered. */
export const NO_EXTENSIONS: Extensions = parseExtensions([], false);

/** From the lines of the reply to EHLO behind the first. Unknown keywords are passed over. */
export function parseExtensions(lines: readonly string[], esmtp: boolean = true): Extensions {
  const offered = new Map<string, string[]>();
  for (const line of lines) {
    // Some servers write AUTH=PLAIN, from a draft before RFC 2554.
    const [keyword = "", ...params] = line.replace("=", " ").split(" ").filter((word) => word !== "");
    const name = upperAscii(keyword);
    offered.set(name, [...(offered.get(name) ?? []), ...params]);
  }
  const limit = parseDigits(offered.get("SIZE")?.[0] ?? "");
  return {
    esmtp,
    startTls: offered.has("STARTTLS"),
    pipelining: offered.has("PIPELINING"),
    eightBitMime: offered.has("8BITMIME"),
    smtputf8: offered.has("SMTPUTF8"),
    dsn: offered.has("DSN"),
    requireTls: offered.has("REQUIRETLS"),
    binary: offered.has("CHUNKING") && offered.has("BINARYMIME"),
    size: offered.has("SIZE"),
    sizeLimit: limit === 0 ? null : limit, // RFC 1870 section 4: 0 is "no fixed limit"
    mechanisms: (offered.get("AUTH") ?? []).map(upperAscii),
    recipientLimit: limitOf("RCPTMAX", offered.get("LIMITS") ?? []),
    mailLimit: limitOf("MAILMAX", offered.get("LIMITS") ?? []),
  };
}

function limitOf(name: string, limits: readonly string[]): number | null {
  // `LIMITS MAILMAX=… RCPTMAX=…`, of which the first "=" became a space above.
  for (let i = 0; i < limits.length; i++) {
    const word = upperAscii(limits[i]!);
    if (word.startsWith(`${name}=`)) return parseDigits(word.slice(name.length + 1), 1_000_000) || null;
    if (word === name) return parseDigits(limits[i + 1] ?? "", 1_000_000) || null;
  }
  return null;
}
