/** editheader (RFC 5293). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { arg, command, flag, optional, valued } from "../check/spec.ts";
import { HEADER_NAME } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import type { DraftField } from "../run/draft.ts";
import { makeField } from "../run/make_field.ts";
import { keysOf, matchAny } from "../run/matching.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, given, numberOf, textOf } from "../script.ts";

/** Section 5: what others rely on stays. */
const PROTECTED: ReadonlySet<string> = new Set(["received", "auto-submitted", "return-path", "delivered-to"]);

/** Section 3: at the top, or with `:last` at the end. */
function addHeader(run: Run, node: CheckedNode): void {
  const name = run.text(textOf(node, "name"));
  if (!HEADER_NAME.holds(name)) throw new SieveFault(`"${name.slice(0, 60)}" is no name of a field`);
  if (PROTECTED.has(lowerAscii(name))) return run.say("note", `addheader leaves ${name} as it is`);
  const field = makeField(run, name, run.text(textOf(node, "value")));
  const { draft } = run.decisions;
  run.redraft({ ...draft, fields: given(node, ":last") ? [...draft.fields, field] : [field, ...draft.fields] });
  run.say("action", `addheader ${name}`);
}

/** Section 4: all fields of a name, or the one that `:index` says, whose value matches one of the patterns. */
function* deleteHeader(run: Run, node: CheckedNode): Program<void> {
  const name = lowerAscii(run.text(textOf(node, "name")));
  if (PROTECTED.has(name)) return run.say("note", `deleteheader leaves ${name} as it is`);
  const { draft } = run.decisions;
  const same = run.reading.named(draft.fields, name);
  const index = numberOf(node, ":index");
  const chosen = index === null ? same : [given(node, ":last") ? same[same.length - index] : same[index - 1]];
  const patterns = given(node, "values") ? keysOf(run, node, "values") : null;
  const gone = new Set<DraftField>();
  for (const field of chosen) {
    if (field === undefined) continue;
    if (patterns === null) gone.add(field);
    else {
      const value = run.reading.compared(field, node.match.comparator);
      const result = matchAny(run, node.match, [value], patterns, { quiet: true });
      if (typeof result === "boolean" ? result : yield* result) gone.add(field);
    }
  }
  if (gone.size === 0) return;
  run.redraft({ ...draft, fields: draft.fields.filter((field) => !gone.has(field)) });
  run.say("action", `deleteheader ${name}: ${gone.size}`);
}

const NAME = arg("name", "string", HEADER_NAME);

export const editHeader: SieveExtension = {
  name: "editheader",
  commands: [
    command("addheader", { tags: [flag("last")], args: [NAME, arg("value", "string")] }, addHeader),
    command("deleteheader", {
      slots: ["match"],
      tags: [valued("index", "number", { least: 1 }), flag("last", { with: "index" })],
      args: [NAME, optional("values", "strings")],
    }, deleteHeader),
  ],
};
