/** `set` (RFC 5229 section 4) and `extracttext` (RFC 5703 section 7) with their modifiers. */
import { lowerAscii, upperAscii } from "../../base/ascii.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import type { Program } from "../../contract/program.ts";
import { SieveFault } from "../match/budget.ts";
import { type CheckedNode, given, numberOf, textOf } from "../script.ts";
import { partText } from "./parts.ts";
import type { Run } from "./run.ts";

/** RFC 5229 section 4. */
export function setVariable(run: Run, node: CheckedNode): void {
  const value = modified(run, node, run.text(textOf(node, "value")));
  run.setVariable(run.text(textOf(node, "name")), value);
}

/** RFC 5703 section 7: the text of the part that `foreverypart` is at. */
export function* extractText(run: Run, node: CheckedNode): Program<void> {
  if (run.part === null) throw new SieveFault("extracttext stands only inside of foreverypart");
  const isText = run.part.type === "text";
  const text = isText ? yield* partText(run, run.part, true) : "";
  const first = numberOf(node, ":first");
  const cut = first === null ? text : [...text.slice(0, 2 * first)].slice(0, first).join("");
  run.setVariable(run.text(textOf(node, "name")), modified(run, node, cut));
}

/** RFC 5229 section 4.1: by precedence, whatever their order. */
function modified(run: Run, node: CheckedNode, text: string): string {
  run.budget.look(text.length);
  let out = text;
  if (given(node, ":lower")) out = lowerAscii(out);
  if (given(node, ":upper")) out = upperAscii(out);
  if (given(node, ":lowerfirst")) out = firstChanged(out, lowerAscii);
  if (given(node, ":upperfirst")) out = firstChanged(out, upperAscii);
  if (given(node, ":quotewildcard")) out = out.replace(/[*?\\]/g, "\\$&");
  if (given(node, ":quoteregex")) out = out.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&");
  if (given(node, ":encodeurl")) out = encodeUrl(out);
  return given(node, ":length") ? String([...out].length) : out;
}

function firstChanged(text: string, change: (char: string) => string): string {
  const [first = ""] = text;
  return change(first) + text.slice(first.length);
}

/** RFC 5435 section 6, RFC 3986 section 2.3. */
function encodeUrl(text: string): string {
  let out = "";
  for (const byte of utf8Bytes(text)) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9._~-]/.test(char) ? char : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  }
  return out;
}
