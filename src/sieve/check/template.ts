/**
 * Strings of a script with what is put into them: encoded characters (RFC 5228 section 2.4.2.4) once, when the script
 * is read; variables (RFC 5229 section 3) whenever it runs.
 */
import { lowerAscii } from "../../base/ascii.ts";
import { utf8Bytes, utf8String } from "../../base/bytes.ts";
import type { ErrorList, Place, StringNode } from "../syntax/tree.ts";

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

/** Reads a string. `has` says which extensions were required. */
export function readTemplate(node: StringNode, has: (extension: string) => boolean, errors: ErrorList): Template {
  const text = has("encoded-character") ? decodeEncoded(node, errors) : node.value;
  if (!has("variables") || !text.includes("${")) return constantTemplate(text, node.at);
  const pieces: TemplatePiece[] = [];
  let from = 0;
  for (const found of text.matchAll(/\$\{([A-Za-z0-9_.]{1,128})\}/g)) {
    const piece = reference(found[1]!, node, has, errors);
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
function reference(
  name: string,
  node: StringNode,
  has: (extension: string) => boolean,
  errors: ErrorList,
): TemplatePiece | null {
  if (/^[0-9]+$/.test(name)) return { match: Math.min(Number(name), 1_000_000) };
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return { variable: lowerAscii(name) };
  const global = /^global\.([A-Za-z_][A-Za-z0-9_]*)$/i.exec(name);
  if (global && has("include")) return { variable: "global." + lowerAscii(global[1]!) }; // RFC 6609 section 3.4.2
  if (!/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+$/.test(name)) return null;
  // RFC 5229 section 3: a namespace of an extension that is not required is an error.
  errors.add(node.at, `Nothing is known of the namespace of the variable "${name}".`, name);
  return null;
}

const ENCODED = /\$\{(hex|unicode):([0-9A-Fa-f\s]*)\}/gi;

function decodeEncoded(node: StringNode, errors: ErrorList): string {
  if (!node.value.includes("${")) return node.value;
  return joinHexRuns(node.value).replace(ENCODED, (all, kind: string, digits: string) => {
    const words = digits.trim() === "" ? [] : digits.trim().split(/\s+/);
    if (lowerAscii(kind) === "hex") {
      if (words.length === 0 || words.some((word) => word.length > 2)) return all;
      return utf8String(new Uint8Array(words.map((word) => parseInt(word, 16))));
    }
    if (words.length === 0) return all;
    const codes = words.map((word) => word.length > 12 ? Infinity : parseInt(word, 16));
    const wrong = codes.findIndex((code) => code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff));
    if (wrong < 0) return codes.map((code) => String.fromCodePoint(code)).join("");
    errors.add(node.at, `U+${words[wrong]!.slice(0, 12)} is no Unicode character.`, all, "0 to D7FF or E000 to 10FFFF");
    return all;
  });
}

/** `${hex:c3}${hex:a9}` is one character: octets that follow each other are read together. */
function joinHexRuns(text: string): string {
  return text.replace(/(?:\$\{hex:[0-9A-Fa-f\s]*\}){2,}/gi, (run) => {
    const groups = [...run.matchAll(/\{hex:([^}]*)\}/gi)].map((found) => found[1]!.trim());
    const sound = groups.every((group) => group !== "" && group.split(/\s+/).every((word) => word.length <= 2));
    return sound ? "${hex:" + groups.join(" ") + "}" : run;
  });
}

/** Octets of a text, for limits that count them. */
export function octetsOf(text: string): number {
  return utf8Bytes(text).length;
}
