import type { Program } from "../../contract/program.ts";
import type { SieveFiling } from "../result.ts";
import { type CheckedNode, given, textOf } from "../script.ts";
import { filingOf } from "./delivering.ts";
import type { Run } from "./run.ts";

/** A copy of what is sent (RFC 8580). */
export function* fccOf(run: Run, node: CheckedNode): Program<SieveFiling | null> {
  const name = textOf(node, ":fcc");
  if (name === null) return null;
  const filing = yield* filingOf(run, node, run.text(name));
  return given(node, ":flags") ? filing : { ...filing, flags: [] };
}
