/** `body` (RFC 5173). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import type { Part } from "../../message/model.ts";
import { type CheckedNode, given, textsOf } from "../script.ts";
import { matchAny } from "./matching.ts";
import { partsWithin, partText, rawText } from "./parts.ts";
import type { Run } from "./run.ts";

/** RFC 5173 section 5; without a transform it is `:text`. Sets no match variables (section 6). */
export function* testBody(run: Run, node: CheckedNode): Program<boolean> {
  const keys = run.all(textsOf(node, "keys"));
  const root = run.part ?? run.root();
  const options = { quiet: true };
  if (given(node, ":raw")) {
    const whole = root === run.facts.index.root ? run.facts.index.size : root.bodyEnd;
    return yield* matchAny(run, node.match, [yield* rawText(run, root.bodyStart, whole)], keys, options);
  }
  const types = given(node, ":content") ? run.all(textsOf(node, ":content")).map(lowerAscii) : null;
  if (node.match.type === "count") {
    const count = partsWithin(run, root).filter((part) => wanted(part, types)).length;
    return yield* matchAny(run, node.match, [], keys, { count });
  }
  for (const part of partsWithin(run, root)) {
    if (!wanted(part, types)) continue;
    const values = types === null ? [yield* partText(run, part, true)] : yield* contents(run, part);
    if (yield* matchAny(run, node.match, values, keys, options)) return true;
  }
  return false;
}

function wanted(part: Part, types: readonly string[] | null): boolean {
  if (types === null) return part.type === "text" && part.message === null;
  return types.some((type) => isOfType(part, type));
}

/** Section 5.2: an empty type is all, `text` all of a type, `text/plain` one. What is ill-formed matches nothing. */
function isOfType(part: Part, type: string): boolean {
  if (type === "") return true;
  const slash = type.indexOf("/");
  if (slash < 0) return part.type === type;
  const subtype = type.slice(slash + 1);
  return subtype !== "" && !subtype.includes("/") && part.type === type.slice(0, slash) && part.subtype === subtype;
}

/** Section 5.2: of a multipart its prologue and epilogue, of a message its header, of all others the decoded body. */
function* contents(run: Run, part: Part): Program<string[]> {
  if (part.message !== null) {
    const inner = part.message.root;
    return [yield* rawText(run, inner.headerStart, inner.bodyStart)];
  }
  const first = part.parts[0];
  const last = part.parts.at(-1);
  if (first === undefined || last === undefined) return [yield* partText(run, part, false)];
  // The lines of boundaries stand there too; nobody looks for those.
  return [
    yield* rawText(run, part.bodyStart, first.headerStart),
    yield* rawText(run, last.bodyEnd, part.bodyEnd),
  ];
}
