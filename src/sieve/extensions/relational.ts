/** relational (RFC 5231): values that are larger or smaller, and how many there are. */
import { lowerAscii } from "../../base/ascii.ts";
import { MATCH_TYPE, valued, type ValueRule } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { NUMERIC } from "../match/numeric.ts";
import type { MatchType } from "../run/matching.ts";

/** Section 4, by what an order means for it. */
const RELATIONS: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ["gt", (order) => order > 0],
  ["ge", (order) => order >= 0],
  ["lt", (order) => order < 0],
  ["le", (order) => order <= 0],
  ["eq", (order) => order === 0],
  ["ne", (order) => order !== 0],
]);

/** Section 4. */
export const RELATION: ValueRule = {
  expected: "gt, ge, lt, le, eq or ne",
  holds: (value) => RELATIONS.has(lowerAscii(value)),
  fixed: true,
};

const VALUE: MatchType = {
  name: "value",
  one(run, value, key, match) {
    run.budget.look(key.text.length);
    return RELATIONS.get(match.detail)!(match.comparator.compare(value.text, key.text));
  },
};

const COUNT: MatchType = {
  name: "count",
  counts: true,
  all(run, values, keys, match, options) {
    run.budget.spend(keys.cost);
    // Section 4.2: the number is compared as a number whatever the comparator.
    const count = String(options.count ?? values.length);
    return keys.all.some((key) => RELATIONS.get(match.detail)!(NUMERIC.compare(count, key.text)));
  },
};

export const relational: SieveExtension = {
  name: "relational",
  tags: [{
    on: ["match"],
    tags: [
      valued("count", "string", { group: MATCH_TYPE, rule: RELATION, matches: COUNT }),
      valued("value", "string", { group: MATCH_TYPE, rule: RELATION, matches: VALUE }),
    ],
  }],
};
