/**
 * JSON as requests may have it: I-JSON (RFC 7493, RFC 8620 section 1.5). No name stands twice in an object, no string has
 * half a character, and nothing is nested deeper than anybody needs (RFC 8259 section 9 lets a parser say so).
 */
import { isObject, type Json } from "./json.ts";

/** Far more than any filter or message has. */
const DEPTH = 4000;

/** The value, or undefined: it is no I-JSON. */
export function parseIJson(text: string): Json | undefined {
  const names = countNames(text);
  if (names === null) return undefined;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  return isWhole(value, names) ? value : undefined;
}

/** Names of members in a text, each time one stands there; null: it is nested too deep, or a string has no end. */
function countNames(text: string): number | null {
  let [names, depth] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x7b || code === 0x5b) {
      if (++depth > DEPTH) return null;
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x3a) names++; // outside of strings a colon stands behind a name
    else if (code === 0x22) {
      at = endOfString(text, at);
      if (at < 0) return null;
    }
  }
  return names;
}

/** Where the quote is that ends a string, or -1. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}

/** Parsing keeps one of two equal names: as many must be left as there were. */
function isWhole(value: Json, names: number): boolean {
  let left = names;
  const open: Json[] = [value];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (typeof one === "string") {
      if (!one.isWellFormed()) return false;
    } else if (Array.isArray(one)) {
      for (const item of one) if (item !== null && typeof item !== "number") open.push(item as Json);
    } else if (isObject(one)) {
      for (const [name, member] of Object.entries(one)) {
        left--;
        if (!name.isWellFormed()) return false;
        if (member !== null && typeof member !== "number") open.push(member);
      }
    }
  }
  return left === 0;
}
