import { ask, type Program, type Uid } from "../../contract/mod.ts";
import { type Command, SELECTED } from "../command.ts";
import { bad, ok } from "../reply.ts";
import { keepUpToDate } from "../keep_context.ts";
import {
  asksModseq,
  type Criteria,
  relevancy,
  type Searched,
  searchHead,
  searching,
  timed,
} from "../search_criteria.ts";
import { sendLong } from "../long_line.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import { TEXTS } from "../texts.ts";
import { formatEsearch, partOf, type ReturnOptions } from "../wire/search_return.ts";

/** What is returned where nothing is said. */
export const ALL: ReturnOptions = { words: new Set(["ALL"]), partial: null, update: null };

/** SEARCH and UID SEARCH (RFC 9051 section 6.4.4, RFC 4731, RFC 5182, RFC 9394) */
export const search: Command = {
  states: SELECTED,
  parse(lexer, state, byUid) {
    lexer.sp();
    const { options, charset } = searchHead(lexer, state);
    const scored = options?.words.has("RELEVANCY") ?? false;
    return searching(lexer, state, charset, options, scored, (wanted) => run(state, options, wanted, byUid));
  },
};

function* run(state: ImapState, options: ReturnOptions | null, wanted: Criteria, byUid: boolean): CommandProgram {
  const view = state.view!;
  const { accountId, mailboxId } = view;
  if (options?.update && view.contexts?.has(state.tag)) return bad(TEXTS.tagInUse); // RFC 5267 section 4.3
  const key = yield* timed(wanted);
  const byModseq = asksModseq(key);
  if (byModseq) state.condstore = true; // RFC 7162 section 3.1: a CONDSTORE enabling command
  const { uids, modseq } = yield* ask("email.search", { accountId, mailboxId, search: key });
  // What was not announced does not exist yet for this client.
  const known = uids.filter((uid) => view.seqOf(uid) > 0);
  const numbers: number[] = byUid ? known : known.map((uid) => view.seqOf(uid));
  if (options?.words.has("SAVE")) view.saved = saved(known, options);
  if (options?.update) {
    const { tag } = state;
    yield* keepUpToDate(view, {
      tag,
      byUid,
      correlator: "",
      search: key,
      order: null,
      results: known,
      items: options.update,
    });
  }
  if (options === null && !state.rev2) {
    // RFC 7162 section 3.1.5: a search for modseqs tells the highest one it found.
    const highest = byModseq && numbers.length > 0 ? ` (MODSEQ ${modseq})` : "";
    yield* sendLong(`* SEARCH${numbers.map((number) => ` ${number}`).join("")}${highest}\r\n`);
    return ok("Searched");
  }
  const told = options ?? ALL;
  const highest = byModseq && known.length > 0 ? yield* highestModseq(view, known, told, modseq) : null;
  const scores = told.words.has("RELEVANCY") ? known.map(yield* relevancy(wanted, view)) : null;
  const text = formatEsearch({ tag: state.tag, byUid, modseq: highest, scores }, numbers, told);
  if (text !== null) yield* sendLong(text);
  return ok("Searched");
}

/** RFC 4731 section 3.2: of the messages that are told; with MIN or MAX alone only of these. */
export function* highestModseq(
  at: Searched,
  uids: readonly Uid[],
  options: ReturnOptions,
  ofAll: number,
): Program<number> {
  const { words, partial } = options;
  const ends = endsOf(uids, options);
  const part = partial === null ? [] : partOf(uids, partial);
  if (words.has("ALL") || words.has("COUNT") || (ends.length === 0 && part.length === 0)) return ofAll;
  const ranges = [...ends, ...part].map((uid) => ({ first: uid, last: uid }));
  const { accountId, mailboxId } = at;
  const { rows } = yield* ask("email.read", { accountId, mailboxId, ranges, fields: [], limit: ranges.length });
  return rows.reduce((highest, row) => Math.max(highest, row.modseq), 0) || ofAll;
}

/** RFC 5182 section 2.4: with MIN and MAX alone only these are kept; RFC 9394 section 3.2: with PARTIAL its part too. */
export function saved(uids: readonly Uid[], options: ReturnOptions): number[] {
  const { words, partial } = options;
  if (words.has("ALL") || words.has("COUNT")) return [...uids];
  if (partial === null && !words.has("MIN") && !words.has("MAX")) return [...uids];
  const part = partial === null ? [] : partOf(uids, partial);
  return [...new Set([...endsOf(uids, options), ...part])].sort((a, b) => a - b);
}

/** The first and the last, as far as MIN and MAX ask for them. */
function endsOf(uids: readonly Uid[], { words }: ReturnOptions): Uid[] {
  const ends = new Set<Uid>();
  if (words.has("MIN") && uids.length > 0) ends.add(uids[0]!);
  if (words.has("MAX") && uids.length > 0) ends.add(uids[uids.length - 1]!);
  return [...ends];
}
