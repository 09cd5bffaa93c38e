/** extracttext (RFC 5703 section 7): the text of the part that `foreverypart` is at, into a variable. */
import type { Program } from "../../contract/program.ts";
import { arg, command, valued } from "../check/spec.ts";
import { VARIABLE } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import { modified } from "../run/modifiers.ts";
import { partText } from "../run/parts.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, numberOf, textOf } from "../script.ts";

function* extractText(run: Run, node: CheckedNode): Program<void> {
  if (run.part === null) throw new SieveFault("extracttext stands only inside of foreverypart");
  const isText = run.part.type === "text";
  const text = isText ? yield* partText(run, run.part, true) : "";
  const first = numberOf(node, ":first");
  const cut = first === null ? text : [...text.slice(0, 2 * first)].slice(0, first).join("");
  run.setVariable(run.text(textOf(node, "name")), modified(run, node, cut));
}

export const extractTextExtension: SieveExtension = {
  name: "extracttext",
  commands: [
    command("extracttext", {
      slots: ["modifiers"],
      tags: [valued("first", "number")],
      args: [arg("name", "string", VARIABLE)],
    }, extractText),
  ],
};
