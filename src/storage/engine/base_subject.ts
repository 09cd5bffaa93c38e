import { isWsp, lowerAscii, trimWsp } from "../../base/ascii.ts";

/**
 * The base subject of RFC 5256 section 2.1, near enough for threads: without `Re:`, `Fw:`, `Fwd:`, leading
 * `[blobs]` and trailing `(fwd)`, white space collapsed, ASCII in lower case.
 */
export function baseSubject(subject: string): string {
  let rest = lowerAscii(collapse(subject.slice(0, 1000)));
  for (;;) {
    const before = rest;
    if (rest.endsWith("(fwd)")) rest = trimWsp(rest.slice(0, -5));
    rest = withoutLeader(rest);
    if (rest === before) return rest;
  }
}

function withoutLeader(text: string): string {
  let at = blobEnd(text, 0);
  for (const word of ["re", "fwd", "fw"]) {
    if (!text.startsWith(word, at)) continue;
    let end = at + word.length;
    while (text[end] === " ") end++;
    end = blobEnd(text, end);
    if (text[end] === ":") return trimWsp(text.slice(end + 1));
  }
  // Section 2.1 (4): a leading blob goes only where something is left.
  at = blobEnd(text, 0);
  return at > 0 && at < text.length ? text.slice(at) : text;
}

/** Behind `[blob] `, or `at` where there is none. */
function blobEnd(text: string, at: number): number {
  if (text[at] !== "[") return at;
  const close = text.indexOf("]", at);
  const nested = text.indexOf("[", at + 1);
  if (close < 0 || (nested >= 0 && nested < close)) return at;
  let end = close + 1;
  while (text[end] === " ") end++;
  return end;
}

function collapse(text: string): string {
  let out = "";
  let space = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isWsp(code) || code === 13 || code === 10) space = out !== "";
    else {
      out += space ? " " + text[i] : text[i];
      space = false;
    }
  }
  return out;
}
