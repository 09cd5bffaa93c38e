/** reject (RFC 5429 section 2.2): the message is refused, or its sender told. */
import { arg, command } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { refuse } from "../run/refuse.ts";

export const rejectExtension: SieveExtension = {
  name: "reject",
  commands: [command("reject", { args: [arg("reason", "string")] }, (run, node) => refuse(run, node, false))],
};
