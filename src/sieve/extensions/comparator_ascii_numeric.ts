/** comparator-i;ascii-numeric (RFC 4790 section 9.1). */
import type { SieveExtension } from "../extension.ts";
import { NUMERIC } from "../match/numeric.ts";

export const comparatorAsciiNumeric: SieveExtension = { name: "comparator-i;ascii-numeric", comparators: [NUMERIC] };
