/** spamtestplus (RFC 5235 section 2.3): `:percent`. */
import { flag } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";

export const spamTestPlus: SieveExtension = {
  name: "spamtestplus",
  brings: ["spamtest"],
  tags: [{ on: ["spamtest"], tags: [flag("percent")] }],
};
