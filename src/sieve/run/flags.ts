/** Flags of messages (RFC 5232 section 2). */
import { lowerAscii } from "../../base/ascii.ts";

const FLAGS = 100;

/** The flags in some strings, each once; several may stand in one string, and what is no flag is passed over. */
export function flagsIn(texts: readonly string[]): string[] {
  const found = new Map<string, string>();
  for (const text of texts) {
    for (const word of text.split(/[ \t\r\n]+/)) {
      const flag = lowerAscii(word);
      // RFC 9051 section 9, flag-keyword: an atom of ASCII; \Recent is the server's own.
      if (!/^\\?[!#$&'+-[^-z|}~]{1,256}$/.test(word) || flag === "\\recent" || found.has(flag)) continue;
      if (found.size < FLAGS) found.set(flag, word);
    }
  }
  return [...found.values()];
}
