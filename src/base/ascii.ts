/**
 * ASCII, as protocols mean it. Tokens of a protocol never go through `toLowerCase()`, `trim()` or `\s`: those
 * know Unicode (U+0130, U+00A0, U+2028) and would make two different tokens equal.
 */

/** `A`–`Z` to `a`–`z`; every other character stays as it is. */
export function lowerAscii(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 65 && code <= 90) return lowerMixed(text);
  }
  return text;
}

function lowerMixed(text: string): string {
  // The platform folds ASCII as ASCII; only what stands beside Unicode goes letter by letter.
  if (isAscii(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** `a`–`z` to `A`–`Z`; every other character stays as it is. */
export function upperAscii(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 97 && code <= 122) return upperMixed(text);
  }
  return text;
}

function upperMixed(text: string): string {
  if (isAscii(text)) return text.toUpperCase();
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** Whether two protocol tokens are the same but for the case of ASCII letters. */
export function equalsIgnoreCase(a: string, b: string): boolean {
  return a.length === b.length && (a === b || lowerAscii(a) === lowerAscii(b));
}

/**
 * A number of the grammar `1*DIGIT`, at most `max`; null for anything else, an empty string included.
 * Refuses what `Number()` would take: signs, spaces, exponents, hexadecimal.
 */
export function parseDigits(text: string, max: number = Number.MAX_SAFE_INTEGER): number | null {
  if (text.length === 0 || text.length > 19) return null;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value <= max ? value : null;
}

/** Whether all characters are US-ASCII (0–127). */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Removes spaces and tabs at both ends, and nothing else. */
export function trimWsp(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWsp(text.charCodeAt(start))) start++;
  while (end > start && isWsp(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Space or horizontal tab. */
export function isWsp(code: number): boolean {
  return code === 32 || code === 9;
}
