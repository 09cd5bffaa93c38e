/** Where reports are wanted (RFC 9989 section 4.8; the size limit of RFC 7489 section 6.2). */
import { type Address, parseAddress } from "../../base/address.ts";
import { lowerAscii, parseDigits, trimWsp } from "../../base/ascii.ts";

/** One entry of `rua` or `ruf`. */
export interface ReportUri {
  /** As it stands there, without the size. */
  readonly uri: string;
  /** In lower case. */
  readonly scheme: string;
  /** The mailbox of a `mailto:`; null for other schemes, and where none can be read. */
  readonly address: Address | null;
  /** Octets that a report may have; null where it does not say. */
  readonly maxSize: number | null;
}

/** Entries of one tag that are looked at. */
const URIS_LIMIT = 20;
const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
/** RFC 3986 appendix A, a scheme and what follows; a comma and `!` must be escaped. */
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#[\]@$&'()*+;=]|%[0-9A-Fa-f]{2})*$/;

/** The entries of a comma-separated list that are URIs. */
export function parseReportUris(text: string): ReportUri[] {
  const uris: ReportUri[] = [];
  for (const piece of text.split(",", URIS_LIMIT)) {
    const entry = trimWsp(piece);
    const size = /!([0-9]{1,15})([kmgtKMGT]?)$/.exec(entry);
    const uri = size === null ? entry : entry.slice(0, size.index);
    if (!URI.test(uri)) continue;
    const scheme = lowerAscii(uri.slice(0, uri.indexOf(":")));
    const octets = size === null ? null : (parseDigits(size[1]!) ?? 0) * UNITS[lowerAscii(size[2]!)]!;
    uris.push({ uri, scheme, address: scheme === "mailto" ? mailbox(uri) : null, maxSize: octets });
  }
  return uris;
}

/** RFC 6068 section 2, of which a report needs one address. */
function mailbox(uri: string): Address | null {
  try {
    const to = decodeURIComponent(uri.slice("mailto:".length).split("?", 1)[0]!);
    // deno-lint-ignore no-control-regex
    return /[\0-\x1f\x7f]/.test(to) ? null : parseAddress(to);
  } catch {
    return null; // an escape that is no UTF-8
  }
}
