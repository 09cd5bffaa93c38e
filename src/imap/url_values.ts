/** What URLFETCH tells of an authorized URL (RFC 4467 section 7, RFC 5524 section 3). */
import { latin1String } from "../base/bytes.ts";
import type { AccountId, BodyPart, EmailRow, Program } from "../contract/mod.ts";
import { binaryValue } from "./binary.ts";
import type { Pieces } from "./fetch_row.ts";
import { findPart } from "./section.ts";
import { rowParts, sizeOf } from "./url_parts.ts";
import type { ImapUrl } from "./wire/imap_url.ts";
import { formatStructure } from "./wire/structure.ts";

/** url-fetch-param */
export const URL_ITEMS = ["BODYPARTSTRUCTURE", "BODY", "BINARY"] as const;
export type UrlItem = typeof URL_ITEMS[number];

/** What stands behind the URL; null: there is no such part, or nobody knows its encoding. */
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
    const value = item === "BODY"
      ? literal(parts)
      : item === "BINARY"
      ? yield* binary(accountId, row, url, parts)
      : [structureOf(row, url, utf8)];
    if (value === null) return null;
    out.push(`${out.length === 0 ? "" : " "}(${item} `, ...value, ")");
  }
  return out;
}

function literal(parts: readonly BodyPart[]): Pieces {
  const pieces: Pieces = [`{${sizeOf(parts)}}\r\n`];
  for (const part of parts) pieces.push("octets" in part ? latin1String(part.octets) : { type: "sendBlob", ...part });
  return pieces;
}

/** Without its Content-Transfer-Encoding; a header or a text has none. */
function* binary(
  accountId: AccountId,
  row: EmailRow,
  { section }: ImapUrl,
  parts: readonly BodyPart[],
): Program<Pieces | null> {
  if (section.text !== "all") return literal(parts);
  const value = yield* binaryValue(accountId, row, { item: "binary", section, size: false });
  return "unknown" in value ? null : [...value.pieces];
}

/** The BODYSTRUCTURE of the part alone; NIL where the URL names no part. */
function structureOf(row: EmailRow, { section }: ImapUrl, utf8: boolean): string {
  if (section.text !== "all") return "NIL";
  const part = section.path.length === 0 ? row.structure! : findPart(row.structure!, section.path);
  return part === null ? "NIL" : formatStructure(part, true, utf8);
}
