/** FETCH responses of some rows, as FETCH sends them and as news of new messages does. */
import { ask, type EmailField, type EmailRow, type Program } from "../contract/mod.ts";
import { sendDecoded } from "./binary.ts";
import { type BlobReader, formatRow } from "./fetch_row.ts";
import { type ImapState, sendText } from "./session.ts";
import type { View } from "./view.ts";
import type { FetchItem } from "./wire/fetch_items.ts";

const TEXT_LIMIT = 256 * 1024; // octets that are formatted before the client has taken them

/** Rows whose flags were changed by reading them, by UID. */
export type SeenRows = ReadonlyMap<number, Pick<EmailRow, "modseq" | "flags">>;
export const NOTHING_SEEN: SeenRows = new Map();

/** What of a row the items need. */
export function fieldsOf(items: readonly FetchItem[]): EmailField[] {
  const fields = new Set<EmailField>();
  for (const item of items) {
    if (item.item === "ENVELOPE") fields.add("imapEnvelope");
    if (item.item === "BODYSTRUCTURE") fields.add("imapStructure");
    if (item.item === "BODY" || item.item === "preview") fields.add("structure");
    if (!("section" in item)) continue;
    const { path, text } = item.section;
    if (path.length > 0 || text === "header" || text === "text") fields.add("structure");
    else if (text !== "all") fields.add("header");
  }
  return [...fields];
}

/**
 * One page: text joined as far as no blob stands between. All questions of a row come before its first octet, but for
 * those of a large BINARY section; if one of these fails, the connection is cut.
 */
export function* sendPage(
  state: ImapState,
  view: View,
  rows: readonly EmailRow[],
  items: readonly FetchItem[],
  seen: SeenRows,
): Program<"sent" | "unknownEncoding" | "cut"> {
  const readBlob: BlobReader = function* (row, start, end) {
    const to = Math.min(end, start + 262144); // what one read gives; header sections beyond are cut
    return yield* ask("blob.read", { accountId: view.accountId, blobId: row.blobId, start, end: to });
  };
  let text = "";
  let waiting = 0; // octets since the last question
  let unknownEncoding = false;
  for (const row of rows) {
    const seq = view.seqOf(row.uid);
    if (seq === 0) continue;
    const news = seen.get(row.uid);
    const shown = news ? { ...row, flags: news.flags, modseq: news.modseq } : row;
    const formatted = yield* formatRow(state, seq, shown, items, news !== undefined, readBlob);
    if (formatted.unknownEncoding) unknownEncoding = true;
    for (const piece of formatted.pieces) {
      if (typeof piece === "string") {
        text += piece;
        waiting += piece.length;
        continue;
      }
      yield sendText(text);
      text = "";
      if (piece.type !== "decoded") yield piece;
      else if (!(yield* sendDecoded(piece))) return "cut";
    }
    if (waiting < TEXT_LIMIT) continue;
    // Contract, rule 7: a question is answered when what was sent before it has been taken.
    yield sendText(text);
    text = "";
    waiting = 0;
    yield* ask("clock.now", {});
  }
  if (text !== "") yield sendText(text);
  return unknownEncoding ? "unknownEncoding" : "sent";
}
