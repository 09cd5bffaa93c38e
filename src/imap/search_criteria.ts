/** The search program that SEARCH, SORT and THREAD share: a charset, then keys (RFC 9051 section 6.4.4). */
import { ask, type Program, type SearchKey, type Uid } from "../contract/mod.ts";
import { latin1Bytes } from "../base/bytes.ts";
import { lowerAscii } from "../base/ascii.ts";
import { decodeCharset, isKnownCharset } from "../message/mod.ts";
import { no, type Reply } from "./reply.ts";
import { replyWith } from "./command.ts";
import type { CommandProgram, ImapState } from "./session.ts";
import { type ReturnOptions, tryReturn } from "./wire/search_return.ts";
import { TEXTS } from "./texts.ts";
import type { View } from "./view.ts";
import { type Lexer, utf8Text } from "./wire/lexer.ts";
import { type SearchContext, searchKeys, setAges } from "./wire/search_program.ts";
import type { SetRange } from "./wire/sequence_set.ts";

/** A search that can be asked once its ages are dates. */
export interface Criteria {
  readonly key: SearchKey;
  /** The search as if no FUZZY stood in it; null where none does. */
  readonly exact: SearchKey | null;
  readonly context: SearchContext;
  /** Sets of messages stand in it: what they mean differs from mailbox to mailbox. */
  readonly usesSets: boolean;
}

/** Where a search is made. */
export type Searched = Pick<View, "accountId" | "mailboxId">;

/** `[search-return-opts] [SP "CHARSET" SP charset]`, and the space behind each. */
export function searchHead(lexer: Lexer, state: ImapState): { options: ReturnOptions | null; charset: string | null } {
  const options = tryReturn(lexer);
  if (!lexer.tryWord("CHARSET")) return { options, charset: null };
  lexer.sp();
  // RFC 6855 section 3: UTF-8 is settled then.
  if (state.utf8Accept) lexer.fail("CHARSET has no place after ENABLE UTF8=ACCEPT");
  const charset = lexer.astring();
  lexer.sp();
  return { options, charset };
}

/**
 * Keys up to the end of the command; or the refusal of a charset that nobody knows. Sets are those of `view`; where it
 * is null they are read and mean nothing yet.
 */
export function criteria(
  lexer: Lexer,
  state: ImapState,
  charset: string | null,
  view: View | null,
): Criteria | Reply {
  if (charset !== null && !isKnownCharset(charset)) {
    return no(TEXTS.badCharset, "BADCHARSET (US-ASCII UTF-8)");
  }
  let usesSets = false;
  const context: SearchContext = {
    // What of a set lies beyond the mailbox finds nothing; the rest is searched.
    resolve: (set, uids) => {
      // RFC 9586 section 3.1: sequence numbers in a search too. `$` is a set of UIDs.
      if (state.uidOnly && !uids && set !== "$") lexer.fail(TEXTS.uidRequired, "UIDREQUIRED");
      usesSets = true;
      if (view === null) return [];
      const within = set === "$" || uids ? set : clip(set, view.count);
      return view.count === 0 ? [] : view.ranges(within, uids) ?? [];
    },
    decode: (octets) => isUtf8(charset) ? utf8Text(lexer, octets) : decodeCharset(latin1Bytes(octets), charset!),
    ages: [],
    fuzzy: false,
    exact: false,
  };
  const again = lexer.copy();
  const key = searchKeys(lexer, context);
  lexer.end();
  const exact = context.fuzzy ? searchKeys(again, { ...context, exact: true }) : null;
  return { key, exact, context, usesSets };
}

/**
 * The program of a search whose options have been read. `scored`: it tells relevancy, which only FUZZY has (RFC 6203
 * section 4).
 */
export function searching(
  lexer: Lexer,
  state: ImapState,
  charset: string | null,
  options: ReturnOptions | null,
  scored: boolean,
  run: (wanted: Criteria) => CommandProgram,
): CommandProgram {
  const wanted = criteria(lexer, state, charset, state.view);
  if ("status" in wanted) {
    if (options?.words.has("SAVE")) state.view!.saved = []; // RFC 5182 section 2.1: NO resets what was saved
    return replyWith(wanted);
  }
  if (scored && wanted.exact === null) lexer.fail("RELEVANCY needs FUZZY");
  return run(wanted);
}

/** Asks the time where a key needs it, and answers the key. */
export function* timed({ key, context }: Criteria): Program<SearchKey> {
  if (context.ages.length > 0) setAges(context.ages, yield* ask("clock.now", {}));
  return key;
}

/**
 * How well each message fits a fuzzy search (RFC 6203 section 4), 1 to 100: half, where it has all the words but not
 * the texts as they were given.
 */
export function* relevancy({ exact }: Criteria, at: Searched): Program<(uid: Uid) => number> {
  const { accountId, mailboxId } = at;
  const { uids } = yield* ask("email.search", { accountId, mailboxId, search: exact! });
  const best = new Set<number>(uids);
  return (uid) => best.has(uid) ? 100 : 50;
}

/** Whether it asks for modseqs: then the highest one found is told (RFC 7162 section 3.1.5). */
export function asksModseq(key: SearchKey): boolean {
  if (key.key === "not") return asksModseq(key.of);
  return key.key === "modseq" || ((key.key === "and" || key.key === "or") && key.keys.some(asksModseq));
}

function isUtf8(charset: string | null): boolean {
  return charset === null || ["utf-8", "us-ascii"].includes(lowerAscii(charset));
}

/** The part of a set that is not beyond the last message. */
function clip(set: readonly SetRange[], count: number): SetRange[] {
  const end = (number: number): number => Math.min(number, count);
  return set
    .filter(({ first, last }) => Math.min(first || count, last || count) <= count)
    .map(({ first, last }) => ({ first: end(first), last: end(last) }));
}
