/**
 * As much of XML as reports need: elements with text. There is no document type, so no entity can be declared and none
 * expands; attributes are passed over. One pass, no recursion, every size bounded.
 */

/** An element; `name` without its namespace prefix, `text` its own character data. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** What is wrong, and at which character. */
export interface MalformedXml {
  readonly malformed: "length" | "doctype" | "entity" | "depth" | "size" | "syntax";
  readonly at: number;
}

const TEXT_LIMIT = 64 * 1024 * 1024; // characters of a document
const DEPTH_LIMIT = 16;
const ELEMENTS_LIMIT = 20_000; // of one child of the root
const VALUE_LIMIT = 4096; // characters of one element's text that are kept

interface Open {
  readonly name: string;
  text: string;
  readonly children: Open[];
}

/**
 * Reads a document and gives each child of its root as soon as it ends, so that only one is in memory and whoever reads
 * may pause in between. Answers with the root's name, or with what is wrong.
 */
export function* xmlChildren(document: string): Generator<XmlElement, { root: string } | MalformedXml, void> {
  if (document.length > TEXT_LIMIT) return { malformed: "length", at: TEXT_LIMIT };
  const stack: Open[] = [];
  let root: string | null = null;
  let elements = 0;
  let at = document.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < document.length) {
    const open = document.indexOf("<", at);
    const end = open < 0 ? document.length : open;
    const problem = addText(stack.at(-1), document.slice(at, Math.min(end, at + 8 * VALUE_LIMIT)));
    if (problem !== null) return { malformed: problem, at };
    if (open < 0) break;
    const token = tokenAt(document, open);
    if ("malformed" in token) return token;
    at = token.end;
    if (token.kind === "text") addRaw(stack.at(-1), token.text);
    if (token.kind === "open" || token.kind === "empty") {
      if (root !== null && stack.length === 0) return { malformed: "syntax", at: open };
      root ??= token.name;
      if (stack.length >= DEPTH_LIMIT) return { malformed: "depth", at: open };
      if (stack.length <= 1) elements = 0;
      if (++elements > ELEMENTS_LIMIT) return { malformed: "size", at: open };
      stack.push({ name: token.name, text: "", children: [] });
    }
    if (token.kind === "close" && stack.at(-1)?.name !== token.name) return { malformed: "syntax", at: open };
    if (token.kind === "close" || token.kind === "empty") {
      const done = stack.pop()!;
      if (stack.length === 1) yield done;
      if (stack.length > 1) stack.at(-1)!.children.push(done);
    }
  }
  return root === null || stack.length > 0 ? { malformed: "syntax", at: document.length } : { root };
}

type Token =
  | { readonly kind: "open" | "empty" | "close"; readonly name: string; readonly end: number }
  | { readonly kind: "text"; readonly text: string; readonly end: number }
  | { readonly kind: "nothing"; readonly end: number };

/** What begins with the `<` at `open`. */
function tokenAt(document: string, open: number): Token | MalformedXml {
  if (document.startsWith("<!--", open)) return until(document, open, "-->");
  if (document.startsWith("<?", open)) return until(document, open, "?>");
  if (document.startsWith("<![CDATA[", open)) {
    const end = document.indexOf("]]>", open);
    if (end < 0) return { malformed: "syntax", at: open };
    return { kind: "text", text: document.slice(open + 9, Math.min(end, open + 9 + VALUE_LIMIT)), end: end + 3 };
  }
  if (document.startsWith("<!", open)) return { malformed: "doctype", at: open };
  const close = document[open + 1] === "/";
  const start = close ? open + 2 : open + 1;
  let at = start;
  while (at < document.length && at - start <= 256 && !/[\s/>]/.test(document[at]!)) at++;
  const qualified = document.slice(start, at);
  const name = qualified.slice(qualified.lastIndexOf(":") + 1);
  if (!/^[A-Za-z_][\w.-]*$/.test(name)) return { malformed: "syntax", at: open };
  const end = tagEnd(document, at);
  if (end < 0) return { malformed: "syntax", at: open };
  return { kind: close ? "close" : document[end - 1] === "/" ? "empty" : "open", name, end: end + 1 };
}

function until(document: string, open: number, mark: string): Token | MalformedXml {
  const end = document.indexOf(mark, open);
  return end < 0 ? { malformed: "syntax", at: open } : { kind: "nothing", end: end + mark.length };
}

/** Where the `>` of a tag is: one in the value of an attribute does not end it. */
function tagEnd(document: string, from: number): number {
  let quote = "";
  for (let at = from; at < document.length; at++) {
    const char = document[at]!;
    if (quote !== "") quote = char === quote ? "" : quote;
    else if (char === ">") return at;
    else if (char === "<") return -1;
    else if (char === '"' || char === "'") quote = char;
  }
  return -1;
}

const ENTITIES: ReadonlyMap<string, string> = new Map(
  [["lt", "<"], ["gt", ">"], ["amp", "&"], ["quot", '"'], ["apos", "'"]],
);

function addText(to: Open | undefined, text: string): MalformedXml["malformed"] | null {
  if (to === undefined) return /[^\s]/.test(text) ? "syntax" : null;
  if (!text.includes("&")) {
    addRaw(to, text);
    return null;
  }
  let broken = false;
  const plain = text.replace(/&([^;&]{0,10})(;?)/g, (_, name: string, semicolon: string) => {
    const char = semicolon === "" ? undefined : ENTITIES.get(name) ?? numbered(name);
    broken ||= char === undefined;
    return char ?? "";
  });
  if (broken) return "entity";
  addRaw(to, plain);
  return null;
}

function numbered(name: string): string | undefined {
  const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (!digits) return undefined;
  const code = digits[1] === undefined ? Number(digits[2]) : parseInt(digits[1], 16);
  const allowed = code >= 32 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) || [9, 10, 13].includes(code);
  return allowed ? String.fromCodePoint(code) : undefined;
}

function addRaw(to: Open | undefined, text: string): void {
  if (to !== undefined && to.text.length < VALUE_LIMIT) to.text += text.slice(0, VALUE_LIMIT - to.text.length);
}
