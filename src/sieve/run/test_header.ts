/** `header`, `address`, `envelope`, `exists`, `size` (RFC 5228 section 5), with `:index` and `:mime`. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { fieldText } from "../../message/header.ts";
import { paramOf, parseParameterized } from "../../message/params.ts";
import { type CheckedNode, given, numberOf, textsOf } from "../script.ts";
import { type AddressPart, addressPart, partOfAddress } from "./address_part.ts";
import type { DraftField } from "./draft.ts";
import { matchAny } from "./matching.ts";
import { fieldsFor } from "./parts.ts";
import type { Run } from "./run.ts";

/** RFC 5228 section 5.7. */
export function* testHeader(run: Run, node: CheckedNode): Program<boolean> {
  const fields = yield* namedFields(run, node);
  const values = fields.flatMap((field) => headerValues(run, node, field));
  return yield* matchAny(run, node.match, values, run.all(textsOf(node, "keys")));
}

/** RFC 5228 section 5.5: all of them. */
export function* testExists(run: Run, node: CheckedNode): Program<boolean> {
  const fields = yield* fieldsFor(run, node);
  return run.all(textsOf(node, "headers")).every((name) => run.reading.named(fields, lowerAscii(name)).length > 0);
}

/** RFC 5228 section 5.1. */
export function* testAddress(run: Run, node: CheckedNode): Program<boolean> {
  const part = addressPart(node);
  const separators = run.facts.separators ?? "+";
  const values: string[] = [];
  let count = 0;
  for (const field of yield* namedFields(run, node)) {
    for (const { mailbox, host } of run.reading.addresses(field)) {
      if (mailbox === null || host === null) continue; // groups
      count++;
      const value = partOfAddress(mailbox, host, part, separators);
      if (value !== null) values.push(value);
    }
  }
  return yield* matchAny(run, node.match, values, run.all(textsOf(node, "keys")), { count });
}

/** RFC 5228 section 5.4. */
export function* testEnvelope(run: Run, node: CheckedNode): Program<boolean> {
  const part = addressPart(node);
  const values: string[] = [];
  for (const name of run.all(textsOf(node, "parts"))) {
    const which = lowerAscii(name);
    if (which !== "from" && which !== "to") continue;
    const value = envelopeValue(run.facts.envelope[which], part, run.facts.separators ?? "+");
    if (value !== null) values.push(value);
  }
  return yield* matchAny(run, node.match, values, run.all(textsOf(node, "keys")));
}

/** RFC 5228 section 5.4: the null sender is the empty string, whatever part is asked for. */
function envelopeValue(address: string, part: AddressPart, separators: string): string | null {
  if (address === "") return "";
  const at = address.lastIndexOf("@");
  if (at < 0) return partOfAddress(address, "", part, separators);
  const local = address.slice(0, at);
  const plain = local.startsWith('"') && local.endsWith('"') ? local.slice(1, -1).replace(/\\(.)/g, "$1") : local;
  return partOfAddress(plain, address.slice(at + 1), part, separators);
}

/** RFC 5228 section 5.9. */
// deno-lint-ignore require-yield -- tests are programs
export function* testSize(run: Run, node: CheckedNode): Program<boolean> {
  const { view } = run;
  const size = view === null ? run.facts.index.size : view.root.bodyEnd - view.root.headerStart;
  const over = numberOf(node, ":over");
  return over !== null ? size > over : size < (numberOf(node, ":under") ?? 0);
}

/** The fields that a test names, in the order of the message; with `:index` one of each name (RFC 5260 section 6). */
export function* namedFields(run: Run, node: CheckedNode): Program<readonly DraftField[]> {
  const names = run.all(textsOf(node, "headers")).map(lowerAscii);
  const fields = yield* fieldsFor(run, node);
  const index = numberOf(node, ":index");
  const out: DraftField[] = [];
  for (const name of new Set(names)) {
    const same = run.reading.named(fields, name);
    if (index === null) out.push(...same);
    else {
      const one = given(node, ":last") ? same[same.length - index] : same[index - 1];
      if (one) out.push(one);
    }
  }
  return out;
}

/** What of a field is compared (RFC 5703 section 4.1). */
function headerValues(run: Run, node: CheckedNode, field: DraftField): string[] {
  const params = textsOf(node, ":param");
  const option = ["type", "subtype", "contenttype"].find((name) => given(node, ":" + name));
  if (option === undefined && params.length === 0) return [run.reading.decoded(field)];
  run.budget.look(field.raw.length);
  const { value, params: found } = parseParameterized(fieldText(field));
  if (params.length > 0) {
    return run.all(params).map((name) => paramOf(found, lowerAscii(name))).filter((text) => text !== null);
  }
  const [type = "", subtype = ""] = value.split("/");
  return [option === "contenttype" ? value : option === "type" ? type.trim() : subtype.trim()];
}
