/** What URLFETCH tells of an authorized URL (RFC 4467 section 7, RFC 5524 section 3). */
import { latin1String } from "../base/bytes.ts";
import type { AccountId, BodyPart, EmailRow, Program } from "../contract/mod.ts";
import { binaryValue, decodedCounts } from "./binary.ts";
import type { Pieces } from "./fetch_row.ts";
import { findPart } from "./section.ts";
import { rowParts, sizeOf } from "./url_parts.ts";
import type { ImapUrl } from "./wire/imap_url.ts";
import { formatStructure } from "./wire/structure.ts";

/** url-fetch-param */
export const URL_ITEMS = ["BODYPARTSTRUCTURE", "BODY", "BINARY"] as const;
export type UrlItem = typeof URL_ITEMS[number];

/** What stands behind the URL; null: there is no such part. */
export function* urlValue(
  accountId: AccountId,
  row: EmailRow,
  url: ImapUrl,
  items: readonly UrlItem[],
  utf8: boolean,
): Program<Pieces | null> {
  const parts = yield* rowParts(accountId, row, url);
  if (parts === null) return null;
  if (items.length === 0) return literal(parts);
  const out: Pieces = [];
  for (const item of items) {
    out.push(`${out.length === 0 ? "" : " "}(${item} `);
    if (item === "BODY") out.push(...literal(parts));
    else if (item === "BINARY") out.push(...yield* binary(accountId, row, url, parts));
    else out.push(yield* structureOf(accountId, row, url, items.includes("BINARY"), utf8));
    out.push(")");
  }
  return out;
}

function literal(parts: readonly BodyPart[]): Pieces {
  const pieces: Pieces = [`{${sizeOf(parts)}}\r\n`];
  for (const part of parts) pieces.push("octets" in part ? latin1String(part.octets) : { type: "sendBlob", ...part });
  return pieces;
}

/** Without its Content-Transfer-Encoding, which a header or a text has none of; NIL where nobody knows it. */
function* binary(accountId: AccountId, row: EmailRow, url: ImapUrl, parts: readonly BodyPart[]): Program<Pieces> {
  const { section } = url;
  if (section.text !== "all") return literal(parts);
  const value = yield* binaryValue(accountId, row, { item: "binary", section, size: false });
  return "unknown" in value ? ["NIL"] : [...value.pieces];
}

/**
 * The BODYSTRUCTURE of the part alone, as it is told beside it: without its encoding where BINARY is asked for (RFC 5259
 * section 8.2). NIL where the URL names no part.
 */
function* structureOf(
  accountId: AccountId,
  row: EmailRow,
  { section }: ImapUrl,
  decoded: boolean,
  utf8: boolean,
): Program<string> {
  if (section.text !== "all") return "NIL";
  if (section.path.length === 0) return formatStructure(row.structure!, true, utf8);
  const part = findPart(row.structure!, section.path);
  if (part === null) return "NIL";
  const counts = decoded ? yield* decodedCounts(accountId, row, part) : null;
  if (counts === null) return formatStructure(part, true, utf8);
  const { octets, lines } = counts;
  return formatStructure({ ...part, encoding: "binary", bodyStart: 0, bodyEnd: octets, lines }, true, utf8);
}
