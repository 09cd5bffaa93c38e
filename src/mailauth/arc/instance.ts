/** The instance at the start of an ARC field (RFC 8617 sections 3.9 and 4.1.1): `[CFWS] i=n [CFWS] ";"`. */

/** The number and what stands behind the semicolon; null where the text begins with something else. */
export function readInstance(text: string): { readonly instance: number; readonly rest: string } | null {
  let at = skipCfws(text, 0);
  if (text[at] !== "i") return null;
  at = skipCfws(text, at + 1);
  if (text[at] !== "=") return null;
  at = skipCfws(text, at + 1);
  const digits = /^[0-9]{1,2}/.exec(text.slice(at, at + 2))?.[0];
  if (digits === undefined || Number(digits) === 0) return null;
  at = skipCfws(text, at + digits.length);
  return text[at] === ";" ? { instance: Number(digits), rest: text.slice(at + 1) } : null;
}

/** Behind white space and comments (RFC 5322 section 3.2.2), which may nest. */
function skipCfws(text: string, from: number): number {
  let depth = 0;
  let at = from;
  for (; at < text.length; at++) {
    const char = text[at]!;
    if (char === "(") depth++;
    else if (depth > 0 && char === ")") depth--;
    else if (depth > 0 && char === "\\") at++;
    else if (depth === 0 && !" \t\r\n".includes(char)) break;
  }
  return at;
}
