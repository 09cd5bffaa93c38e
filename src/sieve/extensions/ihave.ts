/** ihave (RFC 5463): what a server has decides what a script does. The checker knows which branches can run. */
import { arg, command, test } from "../check/spec.ts";
import { PLAIN } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import { textOf, textsOf } from "../script.ts";

export const ihave: SieveExtension = {
  name: "ihave",
  commands: [
    // Section 5.
    command("error", { args: [arg("message", "string")] }, (run, node) => {
      throw new SieveFault(run.text(textOf(node, "message")).slice(0, 500));
    }),
  ],
  tests: [
    // Section 4: the checker put what is there into the extensions of the script.
    test(
      "ihave",
      { args: [arg("extensions", "strings", PLAIN)] },
      (run, node) => run.all(textsOf(node, "extensions")).every((name) => run.scope.script.extensions.has(name)),
    ),
  ],
};
