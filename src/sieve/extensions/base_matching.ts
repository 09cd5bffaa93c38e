/** How tests compare (RFC 5228 section 2.7): match types, the comparators that are always there, parts of addresses. */
import { lowerAscii } from "../../base/ascii.ts";
import { formatLocal } from "../../base/address.ts";
import { ADDRESS_PART, flag, MATCH_TYPE, type TagSpec, valued, type ValueRule } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { ASCII_CASEMAP, OCTET } from "../match/comparator.ts";
import { Needle } from "../match/search.ts";
import { matchWildcard, wildcardPattern } from "../match/wildcard.ts";
import type { MatchType } from "../run/matching.ts";

/** Equality needs no pairs: the values are looked up among the keys. */
export const IS: MatchType = {
  name: "is",
  plain: true,
  all(run, values, keys) {
    if (values.length === 0) return false;
    run.budget.spend(keys.cost);
    for (const value of values) {
      run.budget.spend(0.1 + value.text.length / 256);
      if (keys.set.has(value.key)) return true;
    }
    return false;
  },
};

const CONTAINS: MatchType = {
  name: "contains",
  partial: true,
  plain: true,
  all(run, values, keys) {
    for (const value of values) {
      const { length } = value.text;
      run.budget.spend(0.2 + keys.all.length * (0.2 + length / 512) + keys.length / 512);
      for (const key of keys.all) if (key.made(() => new Needle(key.folded)).isIn(value.key)) return true;
    }
    return false;
  },
};

const MATCHES: MatchType = {
  name: "matches",
  partial: true,
  one(run, value, key) {
    const pattern = key.made(() => {
      run.budget.look(key.text.length);
      return wildcardPattern(key.text, key.comparator);
    });
    return matchWildcard(pattern, value, run.budget);
  },
};

/** What may stand behind `:comparator`; the checker looks whether there is one of the name. */
export const COMPARATOR: ValueRule = {
  expected: "a comparator such as i;ascii-casemap",
  holds: (value) => value !== "",
  fixed: true,
};

/** RFC 5228 section 2.7.4. A text that is no address has only `:all`. */
const PARTS: readonly TagSpec[] = [
  flag("all", { addressPart: wholeAddress }),
  flag("localpart", { addressPart: (local, host) => host === "" ? null : local }),
  flag("domain", { addressPart: (_, host) => host === "" ? null : lowerAscii(host) }),
];

/** The part that is compared where none is named. */
export function wholeAddress(local: string, host: string): string {
  return host === "" ? local : `${formatLocal(local)}@${host}`;
}

export const baseMatching: SieveExtension = {
  name: null,
  comparators: [OCTET, ASCII_CASEMAP],
  tags: [
    {
      on: ["match"],
      tags: [
        flag("is", { group: MATCH_TYPE, matches: IS }),
        flag("contains", { group: MATCH_TYPE, matches: CONTAINS }),
        flag("matches", { group: MATCH_TYPE, matches: MATCHES }),
        valued("comparator", "string", { rule: COMPARATOR }),
      ],
    },
    { on: ["addressPart"], tags: PARTS.map((tag) => ({ ...tag, group: ADDRESS_PART })) },
  ],
};
