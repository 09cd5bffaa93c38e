/** environment (RFC 5183). */
import { lowerAscii } from "../../base/ascii.ts";
import { arg, test } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { matchTexts } from "../run/matching.ts";
import { textOf } from "../script.ts";

export const environment: SieveExtension = {
  name: "environment",
  tests: [
    // Section 4: what is not known matches nothing.
    test("environment", { slots: ["match"], args: [arg("name", "string"), arg("keys", "strings")] }, (run, node) => {
      const items = run.facts.environment ?? {};
      const name = lowerAscii(run.text(textOf(node, "name")));
      // RFC 6785 section 4: the items of IMAP are empty during a delivery.
      const value = Object.hasOwn(items, name) ? items[name] : name.startsWith("imap.") ? "" : undefined;
      return matchTexts(run, node, value === undefined ? [] : [value]);
    }),
  ],
};
