/** body (RFC 5173). Sets no match variables (section 6). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import type { Part } from "../../message/model.ts";
import { arg, flag, test, valued } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import type { ComparedText } from "../match/comparator.ts";
import { keysOf, matchAny } from "../run/matching.ts";
import { comparedText, partsWithin, partText, rawText } from "../run/parts.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, given, textsOf } from "../script.ts";

/** Section 5; without a transform it is `:text`. */
function* testBody(run: Run, node: CheckedNode): Program<boolean> {
  const root = run.part ?? run.root();
  if (given(node, ":raw")) {
    const whole = root === run.facts.index.root ? run.facts.index.size : root.bodyEnd;
    return yield* matches(run, node, [yield* rawText(run, root.bodyStart, whole)]);
  }
  const types = given(node, ":content") ? run.all(textsOf(node, ":content")).map(lowerAscii) : null;
  if (node.match.type.counts) {
    const count = partsWithin(run, root).filter((part) => wanted(part, types)).length;
    const result = matchAny(run, node.match, [], keysOf(run, node), { count });
    return typeof result === "boolean" ? result : yield* result;
  }
  for (const part of partsWithin(run, root)) {
    if (!wanted(part, types)) continue;
    const texts = types === null ? [yield* partText(run, part, true)] : yield* contents(run, part);
    if (yield* matches(run, node, texts)) return true;
  }
  return false;
}

function* matches(run: Run, node: CheckedNode, texts: readonly string[]): Program<boolean> {
  const values: ComparedText[] = texts.map((text) => comparedText(run, text, node.match.comparator));
  const result = matchAny(run, node.match, values, keysOf(run, node), { quiet: true });
  return typeof result === "boolean" ? result : yield* result;
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

const TRANSFORM = { group: "the transform" };

export const bodyExtension: SieveExtension = {
  name: "body",
  tests: [
    test("body", {
      slots: ["match"],
      tags: [flag("raw", TRANSFORM), valued("content", "strings", TRANSFORM), flag("text", TRANSFORM)],
      args: [arg("keys", "strings")],
    }, testBody),
  ],
};
