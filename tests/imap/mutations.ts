/** Broken commands out of sound ones. */

const SPICE = [
  '"',
  "(",
  ")",
  "{3}",
  "{3+}\r\nabc",
  "~{2+}\r\nab",
  "\\",
  "%",
  "*",
  "$",
  ":",
  ",",
  "[",
  "]",
  "<",
  ">",
  "\0",
  "\xff",
  "\x80",
  "\n",
  "\r",
  " ",
  "  ",
  "NIL",
  "UID ",
  "4294967295",
  "99999999999999999999",
  "&",
  "&-",
  "/",
  "//",
  "é",
];

/** Up to three changes: octets put in, taken out, replaced or said twice. */
export function mutate(line: string, next: () => number, pick: <T>(from: readonly T[]) => T): string {
  let text = line;
  for (let left = next() % 4; left > 0; left--) {
    const at = next() % (text.length + 1);
    const end = Math.min(text.length, at + next() % 4);
    switch (next() % 4) {
      case 0:
        text = text.slice(0, at) + pick(SPICE) + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(end);
        break;
      case 2:
        text = text.slice(0, at) + pick(SPICE) + text.slice(end);
        break;
      default:
        text = text.slice(0, end) + text.slice(at);
    }
  }
  return text;
}
