/** What may stand behind the items of FETCH (RFC 4466 section 2.4). */
import type { Modseq } from "../../contract/mod.ts";
import type { Lexer } from "./lexer.ts";
import { type PartialRange, partialRange } from "./search_return.ts";

export interface FetchModifiers {
  /** Only messages with a higher modseq (RFC 7162 section 3.1.4.1). */
  readonly changedSince: Modseq | null;
  /** Those of the set that have gone since are told too (RFC 7162 section 3.2.6). */
  readonly vanished: boolean;
  /** Only the messages at these positions of the set (RFC 9394 section 3.3). */
  readonly partial: PartialRange | null;
}

export const NO_MODIFIERS: FetchModifiers = { changedSince: null, vanished: false, partial: null };

/** `"(" fetch-modifier *(SP fetch-modifier) ")"`, each at most once. VANISHED needs UID FETCH and QRESYNC. */
export function fetchModifiers(lexer: Lexer, byUid: boolean, mayVanish: boolean): FetchModifiers {
  let changedSince: Modseq | null = null;
  let vanished = false;
  let partial: PartialRange | null = null;
  lexer.list(() => {
    const word = lexer.word();
    if (word === "CHANGEDSINCE" && changedSince === null) {
      lexer.sp();
      changedSince = lexer.number64() as Modseq;
    } else if (word === "VANISHED" && mayVanish && !vanished) {
      vanished = true;
    } else if (word === "PARTIAL" && byUid && partial === null) {
      lexer.sp();
      partial = partialRange(lexer);
    } else lexer.fail("No such modifier, or not here");
  });
  // RFC 7162 section 3.2.6: VANISHED alone is BAD.
  if (vanished && changedSince === null) lexer.fail("VANISHED needs CHANGEDSINCE");
  return { changedSince, vanished, partial };
}
