/** Patterns of LIST (RFC 9051 section 6.3.9.1): `*` is anything, `%` anything but the delimiter. */
import { upperAscii } from "../base/ascii.ts";
import { canonicalPath, DELIMITER } from "./wire/mailbox_name.ts";

/**
 * Whether the path matches. All positions of the pattern that are possible are kept at once, so the work is
 * pattern × path and never more; a pattern with more letters than the path is refused before.
 */
export function matches(pattern: string, path: string): boolean {
  return path === "INBOX" && match(upperAscii(pattern), path) || match(canonicalPath(pattern), path);
}

function match(pattern: string, path: string): boolean {
  let letters = 0;
  for (let i = 0; i < pattern.length; i++) if (!isWildcard(pattern[i])) letters++;
  if (letters > path.length || pattern.length > 2 * path.length + 16) return false;
  let now = new Uint8Array(pattern.length + 1);
  now[0] = 1;
  skipWildcards(pattern, now);
  for (let i = 0; i < path.length; i++) {
    const char = path[i]!;
    const next = new Uint8Array(pattern.length + 1);
    let any = false;
    for (let at = 0; at < pattern.length; at++) {
      if (now[at] === 0) continue;
      const wanted = pattern[at];
      if (wanted === "*" || (wanted === "%" && char !== DELIMITER)) next[at] = 1;
      else if (wanted === char) next[at + 1] = 1;
      else continue;
      any = true;
    }
    if (!any) return false;
    skipWildcards(pattern, next);
    now = next;
  }
  return now[pattern.length] === 1;
}

/** A wildcard may stand for nothing. */
function skipWildcards(pattern: string, positions: Uint8Array): void {
  for (let at = 0; at < pattern.length; at++) {
    if (positions[at] === 1 && isWildcard(pattern[at])) positions[at + 1] = 1;
  }
}

function isWildcard(char: string | undefined): boolean {
  return char === "*" || char === "%";
}

/** Runs of wildcards are one: `**%` is `*`. */
export function simplify(pattern: string): string {
  let out = "";
  for (const char of pattern) {
    const last = out[out.length - 1];
    if (!isWildcard(char) || !isWildcard(last)) out += char;
    else if (char === "*" && last === "%") out = out.slice(0, -1) + "*";
  }
  return out;
}
