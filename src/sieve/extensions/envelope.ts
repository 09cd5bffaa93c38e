/** envelope (RFC 5228 section 5.4): what SMTP said of sender and recipient. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { arg, type ExtraRule, test } from "../check/spec.ts";
import type { Template } from "../check/template.ts";
import type { SieveExtension } from "../extension.ts";
import { ComparedText } from "../match/comparator.ts";
import { keysOf, matchAny, namesOf } from "../run/matching.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, tagWith } from "../script.ts";
import { wholeAddress } from "./base_matching.ts";

function testEnvelope(run: Run, node: CheckedNode): boolean | Program<boolean> {
  const part = tagWith(node, "addressPart")?.addressPart ?? wholeAddress;
  const separators = run.facts.separators ?? "+";
  const values: string[] = [];
  for (const name of namesOf(run, node, "parts", lowerAscii)) {
    const word = node.spec.words.get(name);
    if (word === undefined || !run.scope.script.extensions.has(word.needs)) continue;
    for (const value of word.values(run)) {
      const found = word.isAddress ? addressValue(value, part, separators) : value;
      if (found !== null) values.push(found);
    }
  }
  const { comparator } = node.match;
  return matchAny(run, node.match, values.map((value) => new ComparedText(value, comparator)), keysOf(run, node));
}

type AddressPart = (local: string, host: string, separators: string) => string | null;

/** The null sender is the empty string, whatever part is asked for. */
function addressValue(address: string, part: AddressPart, separators: string): string | null {
  if (address === "") return "";
  const at = address.lastIndexOf("@");
  if (at < 0) return part(address, "", separators);
  const local = address.slice(0, at);
  const plain = local.startsWith('"') && local.endsWith('"') ? local.slice(1, -1).replace(/\\(.)/g, "$1") : local;
  return part(plain, address.slice(at + 1), separators);
}

/** Which words stand for a part of the envelope, extensions of this one add to. */
const isPart: ExtraRule = (values, { required }, spec) => {
  const known = [...spec.words].filter(([, { needs }]) => required.has(needs)).map(([name]) => name);
  const names = values.get("parts");
  for (const text of Array.isArray(names) ? names as readonly Template[] : []) {
    if (text.constant === null || known.includes(lowerAscii(text.constant))) continue;
    const expected = known.map((name) => `"${name}"`).join(" or ");
    return { message: `This should be ${expected}.`, at: text.at, found: text.constant, expected };
  }
  return null;
};

export const envelopeExtension: SieveExtension = {
  name: "envelope",
  tests: [
    test("envelope", {
      slots: ["match", "addressPart"],
      args: [arg("parts", "strings"), arg("keys", "strings")],
      extra: [isPart],
    }, testEnvelope),
  ],
  words: [
    { on: "envelope", name: "from", isAddress: true, values: (run) => [run.facts.envelope.from] },
    { on: "envelope", name: "to", isAddress: true, values: (run) => [run.facts.envelope.to] },
  ],
};
