/** `addheader` and `deleteheader` (RFC 5293). */
import { lowerAscii } from "../../base/ascii.ts";
import { latin1String } from "../../base/bytes.ts";
import type { Program } from "../../contract/program.ts";
import { buildField } from "../../message/build.ts";
import { wrongValue } from "../check/values.ts";
import { SieveFault } from "../match/budget.ts";
import { type CheckedNode, given, numberOf, textOf, textsOf } from "../script.ts";
import type { DraftField } from "./draft.ts";
import { matchAny } from "./matching.ts";
import type { Run } from "./run.ts";

/** Section 5: what others rely on stays. */
const PROTECTED: ReadonlySet<string> = new Set(["received", "auto-submitted", "return-path", "delivered-to"]);

/** Section 3: at the top, or with `:last` at the end. */
export function addHeader(run: Run, node: CheckedNode): void {
  const name = run.text(textOf(node, "name"));
  if (wrongValue("headerName", name) !== null) throw new SieveFault(`"${name.slice(0, 60)}" is no name of a field`);
  if (PROTECTED.has(lowerAscii(name))) return run.say("note", `addheader leaves ${name} as it is`);
  const field = makeField(run, name, run.text(textOf(node, "value")));
  const { draft } = run.decisions;
  run.redraft({ ...draft, fields: given(node, ":last") ? [...draft.fields, field] : [field, ...draft.fields] });
  run.say("action", `addheader ${name}`);
}

/** A field of the draft; line breaks in its value become spaces, so it stays one field. */
export function makeField(run: Run, name: string, value: string): DraftField {
  const whole = latin1String(buildField(name, value));
  run.headerEdits += whole.length;
  if (run.headerEdits > run.limits.headerEdits) {
    throw new SieveFault(`header edits add more than ${run.limits.headerEdits} octets`);
  }
  return { name: lowerAscii(name), raw: whole.slice(name.length + 1), start: 0, end: whole.length, whole };
}

/** Section 4: all fields of a name, or the one that `:index` says, whose value matches one of the patterns. */
export function* deleteHeader(run: Run, node: CheckedNode): Program<void> {
  const name = lowerAscii(run.text(textOf(node, "name")));
  if (PROTECTED.has(name)) return run.say("note", `deleteheader leaves ${name} as it is`);
  const { draft } = run.decisions;
  const same = run.reading.named(draft.fields, name);
  const index = numberOf(node, ":index");
  const chosen = index === null ? same : [given(node, ":last") ? same[same.length - index] : same[index - 1]];
  const patterns = given(node, "values") ? run.all(textsOf(node, "values")) : null;
  const gone = new Set<DraftField>();
  for (const field of chosen) {
    if (field === undefined) continue;
    const value = run.reading.decoded(field);
    if (patterns === null || (yield* matchAny(run, node.match, [value], patterns, { quiet: true }))) gone.add(field);
  }
  if (gone.size === 0) return;
  run.redraft({ ...draft, fields: draft.fields.filter((field) => !gone.has(field)) });
  run.say("action", `deleteheader ${name}: ${gone.size}`);
}
