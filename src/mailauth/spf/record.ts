/** The grammar of SPF records (RFC 7208 sections 4.5, 4.6 and 5): the whole record, before anything is evaluated. */
import { equalsIgnoreCase, lowerAscii, parseDigits } from "../../base/ascii.ts";
import { type IpAddress, parseIp4, parseIp6 } from "./ip_address.ts";
import { checkMacroString, type MacroError, type MacroString, parseDomainSpec } from "./macro_syntax.ts";

/** What a mechanism asks; prefixes are numbers of bits. */
export type Mechanism =
  | { readonly kind: "all" }
  | { readonly kind: "include"; readonly domain: MacroString }
  | { readonly kind: "exists"; readonly domain: MacroString }
  | { readonly kind: "ptr"; readonly domain: MacroString | null }
  | {
    readonly kind: "a" | "mx";
    readonly domain: MacroString | null;
    readonly prefix4: number;
    readonly prefix6: number;
  }
  | { readonly kind: "ip"; readonly network: IpAddress; readonly prefix: number };

/** A mechanism with what its match means. */
export interface Directive {
  readonly qualifier: "+" | "-" | "~" | "?";
  readonly mechanism: Mechanism;
  /** As it is written in the record. */
  readonly text: string;
}

/** A well-formed record. */
export interface SpfRecord {
  readonly directives: readonly Directive[];
  /** Null where there is none, or an `all` that makes it void (RFC 7208 section 5.1). */
  readonly redirect: MacroString | null;
  readonly explanation: MacroString | null;
}

/** Why a record is none. */
export interface SpfSyntaxError {
  /** The term at fault, as it is written. */
  readonly term: string;
  readonly wrong: string;
}

const VERSION = "v=spf1";
const MODIFIER = /^([a-z][a-z0-9\-_.]*)=/i;

/** Whether a TXT record is one of SPF: the version stands alone or before a space (RFC 7208 section 4.5). */
export function isSpfRecord(text: string): boolean {
  const next = text[VERSION.length];
  return (next === undefined || next === " ") && equalsIgnoreCase(text.slice(0, VERSION.length), VERSION);
}

/** Parses a text of which `isSpfRecord` is true. One wrong term makes the whole record wrong. */
export function parseSpfRecord(text: string): SpfRecord | SpfSyntaxError {
  const directives: Directive[] = [];
  const modifiers = new Map<string, MacroString>();
  for (const term of text.slice(VERSION.length).split(" ")) {
    if (term === "") continue;
    const name = term.includes("=") ? MODIFIER.exec(term)?.[1] : undefined;
    const parsed = name === undefined ? parseDirective(term) : parseModifier(lowerAscii(name), term, modifiers);
    if (parsed === null) continue;
    if ("wrong" in parsed) return { term, wrong: parsed.wrong };
    directives.push(parsed);
  }
  const all = directives.some(({ mechanism }) => mechanism.kind === "all");
  return {
    directives,
    redirect: all ? null : modifiers.get("redirect") ?? null,
    explanation: modifiers.get("exp") ?? null,
  };
}

function parseModifier(name: string, term: string, modifiers: Map<string, MacroString>): MacroError | null {
  const value = term.slice(name.length + 1);
  // RFC 7208 section 6: others are ignored, wherever and however often they stand.
  if (name !== "redirect" && name !== "exp") return checkMacroString(value);
  if (modifiers.has(name)) return { wrong: `${name} stands there twice` };
  const domain = parseDomainSpec(value);
  if ("wrong" in domain) return domain;
  modifiers.set(name, domain);
  return null;
}

function parseDirective(text: string): Directive | MacroError {
  const first = text[0]!;
  const qualified = first === "+" || first === "-" || first === "~" || first === "?";
  const body = qualified ? text.slice(1) : text;
  const end = body.search(/[:/]/);
  const name = lowerAscii(end < 0 ? body : body.slice(0, end));
  const mechanism = parseMechanism(name, end < 0 ? "" : body.slice(end));
  if ("wrong" in mechanism) return mechanism;
  return { qualifier: qualified ? first : "+", mechanism, text };
}

function parseMechanism(kind: string, rest: string): Mechanism | MacroError {
  switch (kind) {
    case "all":
      return rest === "" ? { kind } : { wrong: "all takes nothing" };
    case "include":
    case "exists": {
      const domain = afterColon(rest);
      return "wrong" in domain ? domain : { kind, domain };
    }
    case "ptr": {
      const domain = rest === "" ? null : afterColon(rest);
      return domain && "wrong" in domain ? domain : { kind, domain };
    }
    case "a":
    case "mx":
      return parseAddressMechanism(kind, rest);
    case "ip4":
    case "ip6":
      return parseNetwork(kind, rest);
    default:
      return { wrong: "no such mechanism" };
  }
}

function afterColon(rest: string): MacroString | MacroError {
  return rest[0] === ":" ? parseDomainSpec(rest.slice(1)) : { wrong: "the domain is missing" };
}

/** `[ ":" domain-spec ] [ dual-cidr-length ]`. A domain-spec may hold slashes, but cannot end in digits after one. */
function parseAddressMechanism(kind: "a" | "mx", rest: string): Mechanism | MacroError {
  const second = cutPrefix(rest, "//", 128);
  const first = cutPrefix(second.before, "/", 32);
  if (second.bits === null || first.bits === null) return { wrong: "no such prefix length" };
  const domain = first.before === "" ? null : afterColon(first.before);
  if (domain && "wrong" in domain) return domain;
  return { kind, domain, prefix4: first.bits, prefix6: second.bits };
}

/** Takes `/digits` from the end; the whole length where it is missing, null where it cannot be. */
function cutPrefix(text: string, slash: "/" | "//", most: number): { before: string; bits: number | null } {
  let at = text.length;
  while (at > 0 && isDigit(text.charCodeAt(at - 1))) at--;
  const before = text.slice(0, at);
  if (at === text.length || !before.endsWith(slash)) return { before: text, bits: most };
  return { before: before.slice(0, -slash.length), bits: prefixLength(text.slice(at), most) };
}

function parseNetwork(kind: "ip4" | "ip6", rest: string): Mechanism | MacroError {
  if (rest[0] !== ":") return { wrong: "the network is missing" };
  const slash = rest.indexOf("/");
  const network = (kind === "ip4" ? parseIp4 : parseIp6)(rest.slice(1, slash < 0 ? rest.length : slash));
  if (!network) return { wrong: `no ${kind} network` };
  const most = kind === "ip4" ? 32 : 128;
  const prefix = slash < 0 ? most : prefixLength(rest.slice(slash + 1), most);
  return prefix === null ? { wrong: "no such prefix length" } : { kind: "ip", network, prefix };
}

/** `"0" / %x31-39 …`: no leading zeros. */
function prefixLength(digits: string, most: number): number | null {
  return digits.length > 1 && digits[0] === "0" ? null : parseDigits(digits, most);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
