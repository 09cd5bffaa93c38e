/** variables (RFC 5229). What stands in strings is read in `check/template.ts`. */
import { lowerAscii, upperAscii } from "../../base/ascii.ts";
import { arg, command, flag, test } from "../check/spec.ts";
import { VARIABLE } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { matchTexts } from "../run/matching.ts";
import { modified } from "../run/modifiers.ts";
import { textOf, textsOf } from "../script.ts";

function firstChanged(text: string, change: (char: string) => string): string {
  const [first = ""] = text;
  return change(first) + text.slice(first.length);
}

const LETTERS = { group: ":lower and :upper" };
const FIRST = { group: ":lowerfirst and :upperfirst" };
const QUOTING = { group: ":quotewildcard and :quoteregex" };

export const variables: SieveExtension = {
  name: "variables",
  commands: [
    // Section 4.
    command(
      "set",
      { slots: ["modifiers"], args: [arg("name", "string", VARIABLE), arg("value", "string")] },
      (run, node) => {
        const value = modified(run, node, run.text(textOf(node, "value")));
        run.setVariable(run.text(textOf(node, "name")), value);
      },
    ),
  ],
  tests: [
    // Section 5; empty strings are not counted.
    test("string", { slots: ["match"], args: [arg("source", "strings"), arg("keys", "strings")] }, (run, node) => {
      const values = run.all(textsOf(node, "source"));
      return matchTexts(run, node, values, { count: values.filter((value) => value !== "").length });
    }),
  ],
  // Section 4.1.
  tags: [{
    on: ["modifiers"],
    tags: [
      flag("lower", { ...LETTERS, modifies: { precedence: 40, change: lowerAscii } }),
      flag("upper", { ...LETTERS, modifies: { precedence: 40, change: upperAscii } }),
      flag("lowerfirst", { ...FIRST, modifies: { precedence: 30, change: (text) => firstChanged(text, lowerAscii) } }),
      flag("upperfirst", { ...FIRST, modifies: { precedence: 30, change: (text) => firstChanged(text, upperAscii) } }),
      flag("quotewildcard", {
        ...QUOTING,
        modifies: { precedence: 20, change: (text) => text.replace(/[*?\\]/g, "\\$&") },
      }),
      flag("length", { modifies: { precedence: 10, change: (text) => String([...text].length) } }),
    ],
  }],
};
