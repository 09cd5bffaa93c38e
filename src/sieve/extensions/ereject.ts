/** ereject (RFC 5429 section 2.1): the message is refused in SMTP or LMTP wherever that is possible. */
import { arg, command } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { refuse } from "../run/refuse.ts";

export const erejectExtension: SieveExtension = {
  name: "ereject",
  commands: [command("ereject", { args: [arg("reason", "string")] }, (run, node) => refuse(run, node, true))],
};
