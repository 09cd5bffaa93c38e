/** regex (draft-ietf-sieve-regex): extended regular expressions of POSIX, in time linear in the text. */
import { flag, MATCH_TYPE } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import { compileRegex } from "../match/regex.ts";
import { runRegex } from "../match/regex_run.ts";
import type { RegexProgram } from "../match/regex_program.ts";
import type { Run } from "../run/run.ts";
import type { Key, MatchType } from "../run/matching.ts";

/** Instructions of an expression that is kept. */
const KEPT = 100;

const REGEX: MatchType = {
  name: "regex",
  partial: true,
  wrong(key, comparator, limits) {
    const compiled = compileRegex(key, comparator, limits.regexSize);
    return "problem" in compiled ? `This is no regular expression: ${compiled.problem}.` : null;
  },
  keyOctets: 64 * KEPT,
  one(run, value, key) {
    return runRegex(key.kept<RegexProgram>() ?? run.made(key, () => compiled(run, key)), value, run.budget);
  },
};

/** A short one stays with the script, a long one with the run. */
function compiled(run: Run, key: Key): RegexProgram {
  const program = compileRegex(key.text, key.comparator, run.limits.regexSize);
  if ("problem" in program) {
    throw new SieveFault(`"${key.text.slice(0, 60)}" is no regular expression: ${program.problem}`);
  }
  run.budget.look(64 * program.code.length);
  return program.code.length > KEPT ? program : key.made(() => program);
}

export const regex: SieveExtension = {
  name: "regex",
  tags: [
    { on: ["match"], tags: [flag("regex", { group: MATCH_TYPE, matches: REGEX })] },
    {
      on: ["modifiers"],
      tags: [flag("quoteregex", {
        group: ":quotewildcard and :quoteregex",
        modifies: { precedence: 20, change: (text) => text.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&") },
      })],
    },
  ],
};
