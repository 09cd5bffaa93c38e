/** Tables and texts for a terminal. */

/** Columns aligned, two spaces between them; nothing where there are no rows. Text is made safe to print. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((row) => row.map(printable))];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ""))));
  return lines.map((line) =>
    line.map((cell, column) =>
      column === line.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - width(cell))
    ).join("  ").trimEnd() + "\n"
  ).join("");
}

/** `text` without what a terminal would obey: controls (also 8-bit ones) and changes of direction show as `�`. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** Columns on a terminal, near enough: marks take none, East Asian wide characters and pictures two. */
function width(text: string): number {
  let columns = 0;
  for (const char of text) {
    if (/\p{Mark}/u.test(char)) continue;
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u
        .test(char)
      ? 2
      : 1;
  }
  return columns;
}

/** An RFC 3339 time as a person reads it, in UTC: `2026-01-31 12:00:05`. */
export function shortTime(time: string): string {
  return time.slice(0, 19).replace("T", " ");
}
