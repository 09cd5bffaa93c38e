/** extlists (RFC 6134): lists that are kept outside of scripts. */
import type { Program } from "../../contract/program.ts";
import { arg, flag, MATCH_TYPE, test } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import type { ComparedText } from "../match/comparator.ts";
import type { Keys, MatchType } from "../run/matching.ts";
import { everyAnswer } from "../run/questions.ts";
import type { Run } from "../run/run.ts";

/** Section 2.2: the keys are names of lists. */
const LIST: MatchType = { name: "list", all: (run, values, keys) => onLists(run, values, keys) };

function* onLists(run: Run, values: readonly ComparedText[], lists: Keys): Program<boolean> {
  for (const list of lists.all) {
    for (const value of values) if (yield* run.ask().listHolds(list.text, value.text)) return true;
  }
  return false;
}

/** Section 2.4. */
function* members(run: Run, name: string): Program<readonly string[]> {
  const room = run.limits.redirects;
  const members = yield* run.ask().listMembers(name, room);
  if (members === null) throw new SieveFault(`there is no list "${name.slice(0, 60)}" to redirect to`);
  if (members.length > room) throw new SieveFault(`the list "${name.slice(0, 60)}" has more than ${room} members`);
  return members;
}

export const extlists: SieveExtension = {
  name: "extlists",
  tests: [
    // Section 2.3: all of them.
    test(
      "valid_ext_list",
      { args: [arg("lists", "strings")] },
      (run, node) => everyAnswer(run, node, "lists", (list) => run.ask().listKnown(list)),
    ),
  ],
  tags: [
    { on: ["match"], tags: [flag("list", { group: MATCH_TYPE, matches: LIST })] },
    { on: ["redirect"], tags: [flag("list", { stands: members })] },
  ],
};
