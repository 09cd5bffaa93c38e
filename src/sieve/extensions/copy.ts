/** copy (RFC 3894): fileinto and redirect that leave the implicit keep as it is. */
import { flag } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";

export const copyExtension: SieveExtension = {
  name: "copy",
  tags: [{ on: ["fileinto", "redirect"], tags: [flag("copy", { keeps: true })] }],
};
