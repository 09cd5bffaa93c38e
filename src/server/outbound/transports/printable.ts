/** Text of strangers on one line: controls, direction marks and other characters without a face become `?`. */
export function printable(text: string, most: number): string {
  return text.slice(0, 4 * most).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?").trim().slice(0, most);
}
