import { upperAscii } from "../../base/ascii.ts";
import { ask, type Program, type SearchKey, type Uid } from "../../contract/mod.ts";
import { type Command, replyWith, SELECTED } from "../command.ts";
import { no, ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";
import type { View } from "../view.ts";
import type { Lexer } from "../wire/lexer.ts";
import { searchKeys } from "../wire/search_program.ts";
import { formatSet, type SetRange } from "../wire/sequence_set.ts";
import { string } from "../wire/strings.ts";

const RETURNS = ["MIN", "MAX", "ALL", "COUNT", "SAVE"];

/** SEARCH and UID SEARCH (RFC 9051 section 6.4.4, RFC 4731, RFC 5182) */
export const search: Command = {
  states: SELECTED,
  holdsExpunge: true,
  parse(lexer, state, byUid) {
    lexer.sp();
    let returns: Set<string> | null = null;
    if (lexer.tryWord("RETURN")) {
      lexer.sp();
      returns = new Set(lexer.list(() => returnOption(lexer), 0));
      // RFC 9051 section 6.4.4: RETURN () is RETURN (ALL).
      if (returns.size === 0) returns.add("ALL");
      lexer.sp();
    }
    if (lexer.tryWord("CHARSET")) {
      lexer.sp();
      // RFC 6855 section 3: UTF-8 is settled then.
      if (state.utf8Accept) lexer.fail("CHARSET has no place after ENABLE UTF8=ACCEPT");
      const charset = upperAscii(lexer.astring());
      if (charset !== "UTF-8" && charset !== "US-ASCII") {
        if (returns?.has("SAVE")) state.view!.saved = []; // RFC 5182 section 2.1: NO resets what was saved
        return replyWith(no(TEXTS.badCharset, "BADCHARSET (US-ASCII UTF-8)"));
      }
      lexer.sp();
    }
    // What of a set lies beyond the mailbox finds nothing; the rest is searched.
    const view = state.view!;
    const key = searchKeys(lexer, (set, uids) => {
      const within = set === "$" || uids ? set : clip(set, view.count);
      return view.count === 0 ? [] : view.ranges(within, uids) ?? [];
    });
    lexer.end();
    return run(state, returns, key, byUid);
  },
};

/** The part of a set that is not beyond the last message. */
function clip(set: readonly SetRange[], count: number): SetRange[] {
  const end = (number: number): number => Math.min(number, count);
  return set
    .filter(({ first, last }) => Math.min(first || count, last || count) <= count)
    .map(({ first, last }) => ({ first: end(first), last: end(last) }));
}

function returnOption(lexer: Lexer): string {
  const option = lexer.word();
  return RETURNS.includes(option) ? option : lexer.fail("No such return option");
}

function* run(state: ImapState, returns: Set<string> | null, key: SearchKey, byUid: boolean): CommandProgram {
  const view = state.view!;
  const { accountId, mailboxId } = view;
  const byModseq = asksModseq(key);
  if (byModseq) state.condstore = true; // RFC 7162 section 3.1: a CONDSTORE enabling command
  const { uids, modseq } = yield* ask("email.search", { accountId, mailboxId, search: key });
  // What was not announced does not exist yet for this client.
  const known = uids.filter((uid) => view.seqOf(uid) > 0);
  const numbers: number[] = byUid ? known : known.map((uid) => view.seqOf(uid));
  if (returns?.has("SAVE")) view.saved = saved(known, returns);
  if (returns === null && !state.rev2) {
    // RFC 7162 section 3.1.5: a search for modseqs tells the highest one it found.
    const highest = byModseq && numbers.length > 0 ? ` (MODSEQ ${modseq})` : "";
    yield sendText(`* SEARCH${numbers.map((number) => ` ${number}`).join("")}${highest}\r\n`);
    return ok("Searched");
  }
  const wanted = returns ?? new Set(["ALL"]);
  const highest = byModseq && known.length > 0 ? yield* highestModseq(view, known, wanted, modseq) : null;
  const text = esearch(state.tag, numbers, wanted, byUid, highest);
  if (text !== null) yield sendText(text);
  return ok("Searched");
}

function asksModseq(key: SearchKey): boolean {
  if (key.key === "not") return asksModseq(key.of);
  return key.key === "modseq" || ((key.key === "and" || key.key === "or") && key.keys.some(asksModseq));
}

/** RFC 4731 section 3.2: of the messages that are told; with MIN or MAX alone only of these. */
function* highestModseq(
  view: View,
  uids: readonly Uid[],
  returns: ReadonlySet<string>,
  ofAll: number,
): Program<number> {
  if (returns.has("ALL") || returns.has("COUNT") || !(returns.has("MIN") || returns.has("MAX"))) return ofAll;
  const ends = [...(returns.has("MIN") ? [uids[0]!] : []), ...(returns.has("MAX") ? [uids[uids.length - 1]!] : [])];
  const ranges = ends.map((uid) => ({ first: uid, last: uid }));
  const { accountId, mailboxId } = view;
  const { rows } = yield* ask("email.read", { accountId, mailboxId, ranges, fields: [], limit: 2 });
  return rows.reduce((highest, row) => Math.max(highest, row.modseq), 0) || ofAll;
}

/** RFC 5182 section 2.4: with MIN and MAX alone only these are kept. */
function saved(uids: readonly number[], returns: ReadonlySet<string>): number[] {
  if (returns.has("ALL") || returns.has("COUNT") || !(returns.has("MIN") || returns.has("MAX"))) return [...uids];
  const kept = new Set<number>();
  if (returns.has("MIN") && uids.length > 0) kept.add(uids[0]!);
  if (returns.has("MAX") && uids.length > 0) kept.add(uids[uids.length - 1]!);
  return [...kept];
}

/** The ESEARCH response; null where only SAVE was asked for. */
function esearch(
  tag: string,
  numbers: readonly number[],
  returns: ReadonlySet<string>,
  byUid: boolean,
  modseq: number | null,
): string | null {
  if (returns.size === 1 && returns.has("SAVE")) return null;
  let out = `* ESEARCH (TAG ${string(tag)})${byUid ? " UID" : ""}`;
  if (numbers.length > 0) {
    if (returns.has("MIN")) out += ` MIN ${numbers[0]}`;
    if (returns.has("MAX")) out += ` MAX ${numbers[numbers.length - 1]}`;
    if (returns.has("ALL")) out += ` ALL ${formatSet(numbers)}`;
  }
  if (returns.has("COUNT")) out += ` COUNT ${numbers.length}`;
  if (modseq !== null) out += ` MODSEQ ${modseq}`;
  return out + "\r\n";
}
