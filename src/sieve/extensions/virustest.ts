/** virustest (RFC 5235 section 2.5): 0 untested, 1 clean to 5 infected. */
import { arg, test } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { matchTexts } from "../run/matching.ts";

export const virusTest: SieveExtension = {
  name: "virustest",
  tests: [
    test("virustest", { slots: ["match"], args: [arg("keys", "strings")] }, (run, node) => {
      const virus = run.facts.virus ?? null;
      return matchTexts(run, node, [String(virus ?? 0)], { count: virus === null ? 0 : 1 });
    }),
  ],
};
