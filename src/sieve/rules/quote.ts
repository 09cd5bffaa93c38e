/** Values as text of a script. */

/** A quoted string (RFC 5228 section 2.4.2): nothing in it but a bare quote could end it. */
export function quote(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

/** One string, or a list. */
export function quoteList(values: readonly string[]): string {
  return values.length === 1 ? quote(values[0]!) : `[${values.map(quote).join(", ")}]`;
}

/**
 * A text without the line ends behind it: programs that write it as `text:`, whose last line has one, would add one
 * each time that they read and write it.
 */
export function withoutLineEnds(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  return text.slice(0, end);
}

/** `require` on a line by itself, or nothing. */
export function requireLine(extensions: Iterable<string>): string {
  const sorted = [...new Set(extensions)].sort();
  return sorted.length === 0 ? "" : `require [${sorted.map(quote).join(", ")}];`;
}
