import { lowerAscii } from "../../base/ascii.ts";
import { latin1String } from "../../base/bytes.ts";
import { buildField } from "../../message/build.ts";
import { SieveFault } from "../match/budget.ts";
import type { DraftField } from "./draft.ts";
import type { Run } from "./run.ts";

/** A field of the draft; line breaks in its value become spaces, so it stays one field. */
export function makeField(run: Run, name: string, value: string): DraftField {
  const whole = latin1String(buildField(name, value));
  run.headerEdits += whole.length;
  if (run.headerEdits > run.limits.headerEdits) {
    throw new SieveFault(`header edits add more than ${run.limits.headerEdits} octets`);
  }
  return { name: lowerAscii(name), raw: whole.slice(name.length + 1), start: 0, end: whole.length, whole };
}
