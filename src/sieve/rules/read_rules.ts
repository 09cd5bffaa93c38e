/** A script as rules: what has their shape becomes data, everything else stays the text that it is. */
import type { FilterRule, OpaqueRule } from "../../contract/mod.ts";
import { SIEVE_LANGUAGE } from "../language.ts";
import { checkSieve, parseSieve } from "../parse.ts";
import { checkRules, EXPANDING } from "./check_rules.ts";
import { requireLine } from "./quote.ts";
import { readPlain } from "./read_plain.ts";
import { type Segment, segmentsOf } from "./segments.ts";

/** Characters up to which it is found out what a piece of a script requires; a longer one gets all. */
const LONG = 65_536;

/**
 * The rules of a script: of one that `writeRules` made exactly those, of one by Roundcube's managesieve plugin (markers
 * `# rule:[name]`) or by hand what fits, the rest as opaque text. A script with errors is one opaque rule.
 */
export function readRules(script: string): readonly FilterRule[] {
  const parsed = parseSieve(script);
  if ("errors" in parsed) return script.trim() === "" ? [] : [{ name: "", sieve: script, requires: [] }];
  const implied = new Set([...parsed.script.extensions].flatMap((name) => SIEVE_LANGUAGE.brings.get(name) ?? []));
  const required = [...parsed.script.extensions].filter((name) => !implied.has(name));
  const expands = required.some((name) => EXPANDING.includes(name));
  return segmentsOf(script).map((segment) => {
    if (expands && segment.text.includes("${")) return opaque(segment, required);
    const plain = readPlain(segment);
    return plain !== null && checkRules([plain]).length === 0 ? plain : opaque(segment, required);
  });
}

/** With the least that it has to require. */
function opaque({ name, text }: Segment, required: readonly string[]): OpaqueRule {
  let requires = [...required].sort();
  if (text.length > LONG) return { name, sieve: text, requires };
  for (const one of required) {
    // These change what a string means, and nothing is an error without them.
    if (EXPANDING.includes(one) && text.includes("${")) continue;
    const without = requires.filter((other) => other !== one);
    if (checkSieve(`${requireLine(without)}\n${text}\n`).length === 0) requires = without;
  }
  return { name, sieve: text, requires };
}
