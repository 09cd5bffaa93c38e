/** Text from outside on its way into a header field or a report of ours. */

/** One line without controls, for a header field. */
export function headerSafe(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, "?");
}
