/** The grammar of macros (RFC 7208 section 7.1). */

/** A piece of a macro-string: text, or a macro with its transformers. */
export type MacroPiece = string | Macro;

/** `%{` letter, digits, `r`, delimiters `}` */
export interface Macro {
  /** In lower case. */
  readonly letter: string;
  /** An upper case letter: the value is escaped as in a URL. */
  readonly escaped: boolean;
  /** So many parts from the right; Infinity where the record does not say. */
  readonly parts: number;
  readonly reversed: boolean;
  /** Characters that split the value; null where the value is not split at all. */
  readonly delimiters: string | null;
}

/** A parsed macro-string. */
export type MacroString = readonly MacroPiece[];

/** Why a text is no macro-string. */
export interface MacroError {
  readonly wrong: string;
}

interface Parsed {
  readonly pieces: MacroString;
  /** What stands behind the last macro. */
  readonly tail: string;
}

const MACRO = /\{([a-z])(\d*)(r?)([.\-+,/_=]*)\}/iy;
const LETTERS = "slodiphv";
const EXPLANATION_LETTERS = "crt";
const TOPLABEL = /^(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])$/i;

/** `domain-spec`: a macro-string that ends in a macro or in a top-level label. */
export function parseDomainSpec(text: string): MacroString | MacroError {
  const parsed = parse(text, LETTERS, false);
  if ("wrong" in parsed) return parsed;
  if (text === "") return { wrong: "the domain is missing" };
  const { pieces, tail } = parsed;
  if (tail === "") return pieces;
  const name = tail.endsWith(".") ? tail.slice(0, -1) : tail;
  const dot = name.lastIndexOf(".");
  if (dot < 0 || !isTopLabel(name.slice(dot + 1))) return { wrong: "the domain does not end in a top-level domain" };
  return pieces;
}

/** `explain-string`: spaces are allowed, and macros that only people want to read. */
export function parseExplainString(text: string): MacroString | MacroError {
  const parsed = parse(text, LETTERS + EXPLANATION_LETTERS, true);
  return "wrong" in parsed ? parsed : parsed.pieces;
}

/** The value of an unknown modifier, which is ignored but has to be well-formed (RFC 7208 section 6). */
export function checkMacroString(text: string): MacroError | null {
  const parsed = parse(text, LETTERS + EXPLANATION_LETTERS, false);
  return "wrong" in parsed ? parsed : null;
}

/** `toplabel`: a label with a letter or a hyphen inside, so that an address in dotted form is no name. */
export function isTopLabel(label: string): boolean {
  return label.length <= 63 && TOPLABEL.test(label);
}

/** Whether one of these macros is used. */
export function usesMacro(pieces: MacroString, letters: string): boolean {
  return pieces.some((piece) => typeof piece !== "string" && letters.includes(piece.letter));
}

function parse(text: string, letters: string, spaces: boolean): Parsed | MacroError {
  const pieces: MacroPiece[] = [];
  let at = 0;
  while (true) {
    const percent = text.indexOf("%", at);
    const literal = text.slice(at, percent < 0 ? text.length : percent);
    if (!isLiteral(literal, spaces)) return { wrong: "a character that does not belong there" };
    if (literal !== "") pieces.push(literal);
    if (percent < 0) return { pieces, tail: literal };
    const next = text[percent + 1];
    const plain = next === "%" ? "%" : next === "_" ? " " : next === "-" ? "%20" : null;
    if (plain !== null) {
      pieces.push(plain);
      at = percent + 2;
      continue;
    }
    MACRO.lastIndex = percent + 1;
    const found = MACRO.exec(text);
    const macro = found && toMacro(found, letters);
    if (!macro) return { wrong: `no macro: ${text.slice(percent, percent + 12)}` };
    pieces.push(macro);
    at = MACRO.lastIndex;
  }
}

function toMacro([, name = "", digits = "", reversed = "", delimiters = ""]: RegExpExecArray, letters: string) {
  const letter = name.toLowerCase(); // the pattern lets only ASCII letters through
  const parts = digits === "" ? Infinity : Number(digits);
  // RFC 7208 section 7.3: "If a DIGIT is specified, the value MUST be nonzero."
  if (!letters.includes(letter) || parts === 0) return null;
  const split = digits !== "" || reversed !== "" || delimiters !== "";
  return {
    letter,
    escaped: name !== letter,
    parts,
    reversed: reversed !== "",
    delimiters: split ? delimiters || "." : null,
  };
}

/** `macro-literal`: visible characters; the caller has cut at every percent sign. */
function isLiteral(text: string, spaces: boolean): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 33 && !(spaces && code === 32)) || code > 126) return false;
  }
  return true;
}
