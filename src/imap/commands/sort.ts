import { ask, type SortCriterion, type SortKey } from "../../contract/mod.ts";
import { type Command, SELECTED } from "../command.ts";
import { keepUpToDate, refuseUpdate } from "../keep_context.ts";
import { bad, ok } from "../reply.ts";
import { TEXTS } from "../texts.ts";
import { asksModseq, type Criteria, relevancy, searching, timed } from "../search_criteria.ts";
import { sendLong } from "../long_line.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import type { Lexer } from "../wire/lexer.ts";
import { formatEsearch, partOf, type ReturnOptions, tryReturn } from "../wire/search_return.ts";

const KEYS: ReadonlyMap<string, Criterion["key"]> = new Map([
  ["ARRIVAL", "arrival"],
  ["CC", "cc"],
  ["DATE", "date"],
  ["DISPLAYFROM", "displayFrom"], // RFC 5957
  ["DISPLAYTO", "displayTo"],
  ["FROM", "from"],
  ["RELEVANCY", "relevancy"], // RFC 6203
  ["SIZE", "size"],
  ["SUBJECT", "subject"],
  ["TO", "to"],
]);
const CRITERIA_LIMIT = 20;

/** SORT and UID SORT (RFC 5256, RFC 5957; RFC 5267 section 3 for RETURN) */
export const sort: Command = {
  states: SELECTED,
  parse(lexer, state, byUid) {
    lexer.sp();
    const options = tryReturn(lexer);
    const order = lexer.list(() => criterion(lexer));
    if (order.length > CRITERIA_LIMIT) lexer.fail("Too many sort criteria");
    lexer.sp();
    const charset = lexer.astring();
    lexer.sp();
    const scored = order.some(({ key }) => key === "relevancy") || (options?.words.has("RELEVANCY") ?? false);
    return searching(lexer, state, charset, options, scored, (wanted) => run(state, options, order, wanted, byUid));
  },
};

interface Criterion {
  readonly key: SortKey | "relevancy";
  readonly reverse: boolean;
}

/** `["REVERSE" SP] sort-key` */
function criterion(lexer: Lexer): Criterion {
  const reverse = lexer.tryWord("REVERSE");
  if (reverse) lexer.sp();
  const key = KEYS.get(lexer.word());
  return key === undefined ? lexer.fail("No such sort criterion") : { key, reverse };
}

function* run(
  state: ImapState,
  options: ReturnOptions | null,
  order: readonly Criterion[],
  wanted: Criteria,
  byUid: boolean,
): CommandProgram {
  const view = state.view!;
  const { accountId, mailboxId } = view;
  if (options?.update && view.contexts?.has(state.tag)) return bad(TEXTS.tagInUse); // RFC 5267 section 4.3
  const key = yield* timed(wanted);
  const byModseq = asksModseq(key);
  if (byModseq) state.condstore = true;
  const stored = order.filter((one): one is SortCriterion => one.key !== "relevancy");
  const { uids, modseq } = yield* ask("email.sort", { accountId, mailboxId, search: key, order: stored });
  let known = uids.filter((uid) => view.seqOf(uid) > 0);
  const score = wanted.exact === null ? null : yield* relevancy(wanted, view);
  if (score !== null && order[0]!.key === "relevancy") {
    // The best come first; among equals the other criteria hold. Behind another criterion it would decide nothing.
    const sign = order[0]!.reverse ? 1 : -1;
    known = known.sort((a, b) => sign * (score(a) - score(b)));
  }
  const numbers: number[] = byUid ? known : known.map((uid) => view.seqOf(uid));
  // RFC 5267 section 3.4: what is kept is a set; `$` has no order.
  if (options?.words.has("SAVE")) {
    view.saved = [...options.partial === null ? known : partOf(known, options.partial)].sort((a, b) => a - b);
  }
  if (options?.update) {
    const { tag } = state;
    // By relevancy a result may move without having changed itself.
    if (stored.length < order.length) yield* refuseUpdate(tag);
    else {
      yield* keepUpToDate(view, {
        tag,
        byUid,
        correlator: "",
        search: key,
        order: stored,
        results: known,
        items: options.update,
      });
    }
  }
  const highest = byModseq && known.length > 0 ? modseq : null;
  if (options === null) {
    const told = highest === null ? "" : ` (MODSEQ ${highest})`;
    yield* sendLong(`* SORT${numbers.map((number) => ` ${number}`).join("")}${told}\r\n`);
    return ok("Sorted");
  }
  const scores = score !== null && options.words.has("RELEVANCY") ? known.map(score) : null;
  const text = formatEsearch({ tag: state.tag, byUid, modseq: highest, scores }, numbers, options);
  if (text !== null) yield* sendLong(text);
  return ok("Sorted");
}
