/** fetch-att (RFC 9051 section 6.4.5). */
import { upperAscii } from "../../base/ascii.ts";
import type { Lexer } from "./lexer.ts";
import { astring } from "./strings.ts";

/** What of a part is asked for. */
export type SectionText = "all" | "header" | "text" | "mime" | "fields" | "fieldsNot";

export interface Section {
  /** Part numbers; empty: the message. */
  readonly path: readonly number[];
  readonly text: SectionText;
  /** Field names in upper case, with `fields` and `fieldsNot`. */
  readonly fields: readonly string[];
  readonly partial: { readonly offset: number; readonly count: number } | null;
  readonly peek: boolean;
  /** What stands before the value: `BODY[HEADER]<0>`, latin1. */
  readonly label: string;
}

export type FetchItem =
  | { readonly item: SimpleItem }
  | { readonly item: "section"; readonly section: Section }
  /** BINARY, or with `size` BINARY.SIZE (RFC 3516). */
  | { readonly item: "binary"; readonly section: Section; readonly size: boolean }
  /** The first words (RFC 8970). */
  | { readonly item: "preview" };

export type SimpleItem =
  | "ENVELOPE"
  | "FLAGS"
  | "INTERNALDATE"
  | "RFC822.SIZE"
  | "BODY"
  | "BODYSTRUCTURE"
  | "UID"
  | "MODSEQ"
  | "EMAILID"
  | "THREADID"
  | "SAVEDATE";

const SIMPLE: readonly SimpleItem[] = [
  "ENVELOPE",
  "FLAGS",
  "INTERNALDATE",
  "RFC822.SIZE",
  "BODY",
  "BODYSTRUCTURE",
  "UID",
  "MODSEQ",
  "EMAILID",
  "THREADID",
  "SAVEDATE",
];
const FAST: readonly SimpleItem[] = ["FLAGS", "INTERNALDATE", "RFC822.SIZE"];
const MACROS: ReadonlyMap<string, readonly SimpleItem[]> = new Map([
  ["FAST", FAST],
  ["ALL", [...FAST, "ENVELOPE"]],
  ["FULL", [...FAST, "ENVELOPE", "BODY"]],
]);
const ITEMS_LIMIT = 100;
const PATH_LIMIT = 100;

/** One item, a macro, or a list of items; each named once. */
export function fetchItems(lexer: Lexer): FetchItem[] {
  if (lexer.peek() !== "(") {
    for (const [name, items] of MACROS) if (lexer.tryWord(name)) return items.map((item) => ({ item }));
    return [fetchItem(lexer)];
  }
  const items = new Map<string, FetchItem>();
  for (const item of lexer.list(() => fetchItem(lexer))) {
    items.set("section" in item ? item.section.label : item.item, item);
  }
  return items.size > ITEMS_LIMIT ? lexer.fail("Too many items") : [...items.values()];
}

function fetchItem(lexer: Lexer): FetchItem {
  const name = upperAscii(lexer.chars(isNameChar));
  if (lexer.peek() === "[") {
    if (name === "BODY" || name === "BODY.PEEK") {
      return { item: "section", section: section(lexer, "BODY", name === "BODY.PEEK") };
    }
    if (name === "BINARY" || name === "BINARY.PEEK") return binary(section(lexer, "BINARY", name !== "BINARY"), lexer);
    return name === "BINARY.SIZE" ? binary(section(lexer, name, true), lexer) : lexer.fail("No such FETCH item");
  }
  // RFC 3501 section 6.4.5: the names of RFC 822 are sections with another label.
  if (name === "RFC822") return rfc822("all", name, false);
  if (name === "RFC822.TEXT") return rfc822("text", name, false);
  if (name === "RFC822.HEADER") return rfc822("header", name, true);
  if (name === "PREVIEW") return preview(lexer);
  const simple = SIMPLE.find((item) => item === name);
  return simple ? { item: simple } : lexer.fail("No such FETCH item");
}

/** `"PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"]` (RFC 8970 section 6); ours is never late, LAZY or not. */
function preview(lexer: Lexer): FetchItem {
  if (lexer.ahead(" (LAZY")) { // a bare "(" may be the modifiers of FETCH
    lexer.sp();
    lexer.list(() => lexer.tryWord("LAZY") || lexer.fail("No such modifier"));
  }
  return { item: "preview" };
}

function rfc822(text: SectionText, label: string, peek: boolean): FetchItem {
  return { item: "section", section: { path: [], text, fields: [], partial: null, peek, label } };
}

/** Letters, digits and the dot. */
function isNameChar(code: number): boolean {
  return code === 46 || (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** `section-binary`: part numbers alone, and no partial range of a size (RFC 9051 section 9). */
function binary(section: Section, lexer: Lexer): FetchItem {
  const size = section.label.startsWith("BINARY.SIZE");
  if (section.text !== "all" || (size && section.partial)) lexer.fail("BINARY takes a part");
  return { item: "binary", section, size };
}

function section(lexer: Lexer, name: string, peek: boolean): Section {
  lexer.char("[");
  const path: number[] = [];
  let text: SectionText = "all";
  let fields: string[] = [];
  let spec = "";
  if (lexer.peek() !== "]") {
    spec = upperAscii(lexer.chars(isNameChar));
    text = readSpec(lexer, spec, path);
    if (text === "fields" || text === "fieldsNot") {
      lexer.sp();
      const names = lexer.list(() => lexer.astring());
      fields = names.map(upperAscii);
      spec += ` (${names.map((one) => astring(upperAscii(one))).join(" ")})`;
    }
  }
  lexer.char("]");
  let partial: Section["partial"] = null;
  if (lexer.tryChar("<")) {
    const offset = lexer.number64();
    lexer.char(".");
    partial = { offset, count: lexer.number64() };
    if (partial.count === 0) lexer.fail("An empty part of a section");
    lexer.char(">");
  }
  return { path, text, fields, partial, peek, label: `${name}[${spec}]${partial ? `<${partial.offset}>` : ""}` };
}

/** section-spec without the header list. */
function readSpec(lexer: Lexer, spec: string, path: number[]): SectionText {
  const words = spec.split(".", PATH_LIMIT + 3);
  let at = 0;
  for (; at < words.length && /^[1-9][0-9]{0,5}$/.test(words[at]!); at++) path.push(Number(words[at]));
  if (path.length > PATH_LIMIT) lexer.fail("The part is nested too deep");
  switch (words.slice(at).join(".")) {
    case "":
      return words.length === at ? "all" : lexer.fail("No such section");
    case "HEADER":
      return "header";
    case "TEXT":
      return "text";
    case "HEADER.FIELDS":
      return "fields";
    case "HEADER.FIELDS.NOT":
      return "fieldsNot";
    case "MIME":
      return path.length > 0 ? "mime" : lexer.fail("MIME needs a part");
    default:
      return lexer.fail("No such section");
  }
}
