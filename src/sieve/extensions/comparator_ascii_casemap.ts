/** comparator-i;ascii-casemap (RFC 4790 section 9.2): it is always there, and may be required all the same (RFC 5228 section 2.7.3). */
import type { SieveExtension } from "../extension.ts";

export const comparatorAsciiCasemap: SieveExtension = { name: "comparator-i;ascii-casemap" };
