/** regex (draft-ietf-sieve-regex): extended regular expressions of POSIX, in time linear in the text. */
import { flag, MATCH_TYPE } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import { compileRegex } from "../match/regex.ts";
import { runRegex } from "../match/regex_run.ts";
import type { MatchType } from "../run/matching.ts";

const REGEX: MatchType = {
  name: "regex",
  partial: true,
  wrong(key, comparator, limits) {
    const compiled = compileRegex(key, comparator, limits.regexSize);
    return "problem" in compiled ? `This is no regular expression: ${compiled.problem}.` : null;
  },
  one(run, value, key) {
    const program = key.made(() => {
      const compiled = compileRegex(key.text, key.comparator, run.limits.regexSize);
      if ("problem" in compiled) {
        throw new SieveFault(`"${key.text.slice(0, 60)}" is no regular expression: ${compiled.problem}`);
      }
      run.budget.look(64 * compiled.code.length);
      return compiled;
    });
    return runRegex(program, value, run.budget);
  },
};

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
