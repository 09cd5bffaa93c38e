/** A test as one line, for the log: what the script says, shortened. */
import type { TemplatePiece } from "../check/template.ts";
import type { CheckedNode, CheckedValue } from "../script.ts";
import { shorten } from "../syntax/tree.ts";

/** `header :contains "subject" ["a", "b"]`. */
export function describeTest(node: CheckedNode): string {
  const words = [node.name];
  for (const [name, value] of node.values) {
    if (name.startsWith(":")) words.push(name);
    if (value !== true) words.push(describeValue(value));
  }
  return shorten(words.join(" "), 200);
}

function describeValue(value: Exclude<CheckedValue, true>): string {
  if (typeof value === "number") return String(value);
  if (!("pieces" in value)) {
    const some = value.slice(0, 5).map(({ pieces }) => describeString(pieces));
    if (value.length === 1) return some[0]!;
    return `[${some.join(", ")}${value.length > 5 ? ", …" : ""}]`;
  }
  return describeString(value.pieces);
}

function describeString(pieces: readonly TemplatePiece[]): string {
  const text = pieces.map((piece) =>
    typeof piece === "string" ? piece : `\${${"match" in piece ? piece.match : piece.variable}}`
  ).join("");
  return `"${shorten(text, 60)}"`;
}
