/**
 * FETCH of nothing but UID, FLAGS and MODSEQ: what clients ask of a whole mailbox to see what has changed. The store
 * has them in memory; they go from its columns to octets without an object or a string a message.
 */
import { latin1Bytes } from "../base/bytes.ts";
import { ask, type Modseq, type Program, type UidRange } from "../contract/mod.ts";
import { RangeCursor } from "./range_cursor.ts";
import type { View } from "./view.ts";
import type { FetchItem } from "./wire/fetch_items.ts";
import { OctetWriter } from "./wire/octet_writer.ts";

/** Messages that are formatted before others have their turn; their lines are some 200 KiB. */
const PAGE = 4_000;

/** One octet string, or what takes its place in each line. */
type Piece = Uint8Array | "seq" | "uid" | "modseq" | "flags";

/** Whether `fetchMarks` can tell all of these. */
export function areMarks(items: readonly FetchItem[]): boolean {
  return items.every(({ item }) => item === "UID" || item === "FLAGS" || item === "MODSEQ");
}

/** Sends the FETCH responses of the ranges; `changedSince`: only of those with a higher modseq. */
export function* fetchMarks(
  view: View,
  ranges: readonly UidRange[],
  items: readonly FetchItem[],
  changedSince: Modseq | null,
  uidOnly: boolean,
): Program<void> {
  const { accountId, mailboxId } = view;
  const pieces = lineOf(items, uidOnly);
  const flagLists = new Map<readonly string[], Uint8Array>();
  const out = new OctetWriter();
  const cursor = new RangeCursor(ranges);
  let seq = 0;
  while (!cursor.done) {
    const asked = { accountId, mailboxId, ranges: cursor.take(PAGE), limit: PAGE };
    const page = yield* ask("email.marks", changedSince === null ? asked : { ...asked, changedSince });
    for (let at = 0; at < page.uids.length; at++) {
      const uid = page.uids[at]!;
      const found = view.seqAfter(uid, seq);
      if (found === 0) continue;
      seq = found;
      for (const piece of pieces) {
        if (typeof piece === "object") out.octets(piece);
        else if (piece === "seq") out.number(seq);
        else if (piece === "uid") out.number(uid);
        else if (piece === "modseq") out.number(page.modseqs[at]!);
        else {
          const flags = page.flags[at]!;
          let list = flagLists.get(flags);
          if (!list) flagLists.set(flags, list = latin1Bytes(flags.join(" ")));
          out.octets(list);
        }
      }
    }
    if (out.length > 0) yield { type: "send", bytes: out.take() };
    cursor.advance(page.next);
  }
}

/** `* seq FETCH (FLAGS (…) …)` as pieces. */
function lineOf(items: readonly FetchItem[], uidOnly: boolean): Piece[] {
  // RFC 9586 section 3.3
  const pieces: Piece[] = [latin1Bytes("* "), uidOnly ? "uid" : "seq"];
  let text = uidOnly ? " UIDFETCH (" : " FETCH (";
  items.forEach(({ item }, i) => {
    const begin = item === "UID" ? "UID " : item === "FLAGS" ? "FLAGS (" : "MODSEQ (";
    pieces.push(latin1Bytes(text + (i > 0 ? " " : "") + begin));
    pieces.push(item === "UID" ? "uid" : item === "FLAGS" ? "flags" : "modseq");
    text = item === "UID" ? "" : ")";
  });
  pieces.push(latin1Bytes(text + ")\r\n"));
  return pieces;
}
