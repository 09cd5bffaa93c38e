/** foreverypart (RFC 5703 section 3): a loop over the parts of a message. */
import type { Program } from "../../contract/program.ts";
import { command, valued } from "../check/spec.ts";
import { PLAIN } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { type Flow, runBlock } from "../run/interpret.ts";
import { childrenOf, partsWithin } from "../run/parts.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, textOf } from "../script.ts";

/** A loop in a loop goes over what stands within the current part. */
function* forEveryPart(run: Run, node: CheckedNode): Program<Flow> {
  const outer = run.part;
  const parts = outer === null
    ? partsWithin(run, run.root())
    : childrenOf(outer).flatMap((child) => partsWithin(run, child));
  const name = run.text(textOf(node, ":name"));
  try {
    for (const part of parts) {
      run.budget.spend(1);
      run.part = part;
      const flow = yield* runBlock(run, node.block ?? []);
      if (flow === "on") continue;
      if (typeof flow === "string") return flow;
      return flow.break === "" || flow.break === name ? "on" : flow;
    }
    return "on";
  } finally {
    run.part = outer;
  }
}

const NAME = [valued("name", "string", { rule: PLAIN })];

export const foreveryPart: SieveExtension = {
  name: "foreverypart",
  commands: [
    command("foreverypart", { tags: NAME, block: true }, forEveryPart),
    command("break", { tags: NAME }, (run, node) => ({ break: run.text(textOf(node, ":name")) })),
  ],
};
