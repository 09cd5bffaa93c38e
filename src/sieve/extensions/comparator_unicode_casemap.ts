/** comparator-i;unicode-casemap (RFC 5051). */
import type { SieveExtension } from "../extension.ts";
import { collationKey, compareKeys } from "../../message/collation.ts";
import type { Comparator } from "../match/comparator.ts";

/** For patterns letters are composed first, and then made large where that gives one character. */
export const UNICODE_CASEMAP: Comparator = {
  name: "i;unicode-casemap",
  key: collationKey,
  compare: (a, b) => compareKeys(collationKey(a), collationKey(b)),
  normalize: (text) => text.normalize("NFKC"),
  fold(code) {
    if (code < 128) return code >= 65 && code <= 90 ? code + 32 : code;
    const upper = String.fromCodePoint(code).toUpperCase();
    const point = upper.codePointAt(0)!;
    const length = point > 0xffff ? 2 : 1;
    return upper.length !== length || point < 128 ? code : point;
  },
};

export const comparatorUnicodeCasemap: SieveExtension = {
  name: "comparator-i;unicode-casemap",
  comparators: [UNICODE_CASEMAP],
};
