/** Strings of a script with what is put into them: some of it when the script is read, variables whenever it runs. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Place, StringNode } from "../syntax/tree.ts";
import type { CheckContext } from "./context.ts";

/** A piece of a string: text, a variable by its name, or what a match found by its number. */
export type TemplatePiece = string | { readonly variable: string } | { readonly match: number };

/** A string argument. */
export interface Template {
  readonly at: Place;
  readonly pieces: readonly TemplatePiece[];
  /** The whole, where nothing is put in. */
  readonly constant: string | null;
}

/** A string that is what it says. */
export function constantTemplate(value: string, at: Place): Template {
  return { at, pieces: [value], constant: value };
}

/** Reads a string, with what the extensions that were required make of it. */
export function readTemplate(node: StringNode, context: CheckContext): Template {
  const { value, at } = node;
  if (!value.includes("${")) return constantTemplate(value, at);
  const { language, required, errors } = context;
  let text = value;
  for (const { needs, decode } of language.decoders) if (required.has(needs)) text = decode(text, at, errors);
  if (!required.has("variables") || !text.includes("${")) return constantTemplate(text, at);
  const pieces: TemplatePiece[] = [];
  let from = 0;
  for (const found of text.matchAll(/\$\{([A-Za-z0-9_.]{1,128})\}/g)) {
    const piece = reference(found[1]!, node, context);
    if (piece === null) continue;
    if (found.index > from) pieces.push(text.slice(from, found.index));
    pieces.push(piece);
    from = found.index + found[0].length;
  }
  if (from === 0) return constantTemplate(text, node.at);
  if (from < text.length) pieces.push(text.slice(from));
  return { at: node.at, pieces, constant: null };
}

/** RFC 5229 section 3: what is no reference stays as it stands. */
function reference(name: string, node: StringNode, context: CheckContext): TemplatePiece | null {
  if (/^[0-9]+$/.test(name)) return { match: Math.min(Number(name), 1_000_000) };
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return { variable: lowerAscii(name) };
  const inNamespace = /^([A-Za-z_][A-Za-z0-9_]*)\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(name);
  const needs = inNamespace ? context.language.namespaces.get(lowerAscii(inNamespace[1]!)) : undefined;
  if (needs !== undefined && context.required.has(needs)) return { variable: lowerAscii(name) };
  if (!/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+$/.test(name)) return null;
  // RFC 5229 section 3: a namespace of an extension that is not required is an error.
  context.errors.add(node.at, `Nothing is known of the namespace of the variable "${name}".`, name);
  return null;
}
