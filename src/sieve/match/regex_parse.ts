/** Reading POSIX extended regular expressions (IEEE 1003.2, as the regex draft of Sieve takes them). */
import type { ClassSet, RegexProblem } from "./regex_program.ts";

/** The tree of an expression. */
export type RegexNode =
  | { readonly kind: "char"; readonly code: number }
  | { readonly kind: "any" | "start" | "end" | "empty" }
  | { readonly kind: "class"; readonly set: ClassSet }
  | { readonly kind: "group"; readonly index: number; readonly inner: RegexNode }
  | { readonly kind: "sequence" | "choice"; readonly items: readonly RegexNode[] }
  /** `max` Infinity: without end. */
  | { readonly kind: "repeat"; readonly min: number; readonly max: number; readonly inner: RegexNode };

const DEPTH = 50;
const LENGTH = 4_096;
const REPEAT = 255; // RE_DUP_MAX of POSIX

/** Parses, or says what is wrong. */
export function parseRegex(text: string): { readonly node: RegexNode } | RegexProblem {
  if (text.length > LENGTH) return { problem: `it is longer than ${LENGTH} characters` };
  try {
    return { node: new Reader(text).read() };
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.message };
    throw error;
  }
}

class Wrong extends Error {}

class Reader {
  readonly #chars: readonly string[];
  #at = 0;
  #groups = 0;

  constructor(text: string) {
    this.#chars = [...text];
  }

  read(): RegexNode {
    const node = this.#choice(0);
    if (this.#at < this.#chars.length) throw new Wrong("a `)` closes nothing");
    return node;
  }

  #choice(depth: number): RegexNode {
    if (depth > DEPTH) throw new Wrong(`groups stand in one another more than ${DEPTH} deep`);
    const items = [this.#sequence(depth)];
    while (this.#chars[this.#at] === "|") {
      this.#at++;
      items.push(this.#sequence(depth));
    }
    return items.length === 1 ? items[0]! : { kind: "choice", items };
  }

  #sequence(depth: number): RegexNode {
    const items: RegexNode[] = [];
    while (this.#at < this.#chars.length && this.#chars[this.#at] !== "|") {
      if (this.#chars[this.#at] === ")") {
        if (depth > 0) break;
        throw new Wrong("a `)` closes nothing");
      }
      items.push(this.#repeated(this.#atom(depth)));
    }
    return items.length === 0 ? { kind: "empty" } : items.length === 1 ? items[0]! : { kind: "sequence", items };
  }

  #atom(depth: number): RegexNode {
    const char = this.#chars[this.#at++]!;
    switch (char) {
      case ".":
        return { kind: "any" };
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case "[":
        return { kind: "class", set: this.#bracket() };
      case "(": {
        const index = ++this.#groups;
        const inner = this.#choice(depth + 1);
        if (this.#chars[this.#at++] !== ")") throw new Wrong("a `(` is not closed");
        return { kind: "group", index, inner };
      }
      case "*":
      case "+":
      case "?":
      case "{":
        throw new Wrong(`nothing stands before \`${char}\` that could be repeated`);
      case "\\":
        return this.#escaped();
      default:
        return { kind: "char", code: char.codePointAt(0)! };
    }
  }

  /** A sign that stands for itself; of letters only the classes that the GNU library has beyond POSIX. */
  #escaped(): RegexNode {
    const next = this.#chars[this.#at++];
    if (next === undefined) throw new Wrong("a backslash stands at its end");
    const set = ESCAPES.get(next);
    if (set !== undefined) return { kind: "class", set };
    if (/[1-9]/.test(next)) throw new Wrong("it cannot refer back to what a group took");
    if (/[A-Za-z0]/.test(next)) {
      throw new Wrong(`\`\\${next}\` has no meaning; there are classes such as [[:digit:]]`);
    }
    return { kind: "char", code: next.codePointAt(0)! };
  }

  #repeated(atom: RegexNode): RegexNode {
    let node = atom;
    for (let marks = 0;; marks++) {
      const char = this.#chars[this.#at];
      let bounds: readonly [number, number];
      if (char === "*") bounds = [0, Infinity];
      else if (char === "+") bounds = [1, Infinity];
      else if (char === "?") bounds = [0, 1];
      else if (char === "{") bounds = this.#bounds();
      else return node;
      if (char !== "{") this.#at++;
      if (marks >= 10) throw new Wrong("more than ten repetitions follow each other");
      node = { kind: "repeat", min: bounds[0], max: bounds[1], inner: node };
    }
  }

  #bounds(): readonly [number, number] {
    const close = this.#chars.indexOf("}", this.#at);
    const text = close < 0 ? "" : this.#chars.slice(this.#at + 1, close).join("");
    const found = /^([0-9]{1,3})(,([0-9]{0,3}))?$/.exec(text);
    if (!found) throw new Wrong("a `{` should be followed by one or two numbers and `}`");
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === "" ? Infinity : Number(found[3]);
    if (min > REPEAT || (max > REPEAT && max !== Infinity)) throw new Wrong(`a bound is at most ${REPEAT}`);
    if (max < min) throw new Wrong("the second bound is smaller than the first one");
    this.#at = close + 1;
    return [min, max];
  }

  #bracket(): ClassSet {
    const negated = this.#chars[this.#at] === "^";
    if (negated) this.#at++;
    const ranges: (readonly [number, number])[] = [];
    for (let first = true;; first = false) {
      const char = this.#chars[this.#at];
      if (char === undefined) throw new Wrong("a `[` is not closed");
      if (char === "]" && !first) {
        this.#at++;
        return { negated, ranges };
      }
      if (char === "[" && this.#chars[this.#at + 1] === ":") {
        ranges.push(...this.#namedClass());
        continue;
      }
      const from = this.#element();
      if (this.#chars[this.#at] !== "-" || this.#chars[this.#at + 1] === "]" || this.#at + 1 >= this.#chars.length) {
        ranges.push([from, from]);
        continue;
      }
      this.#at++;
      const to = this.#element();
      if (to < from) throw new Wrong("a range in brackets runs backwards");
      ranges.push([from, to]);
    }
  }

  /** One character; `[.x.]` and `[=x=]` stand for x. */
  #element(): number {
    const char = this.#chars[this.#at]!;
    const mark = this.#chars[this.#at + 1];
    if (char === "[" && (mark === "." || mark === "=")) {
      const inner = this.#chars[this.#at + 2];
      if (inner === undefined || this.#chars[this.#at + 3] !== mark || this.#chars[this.#at + 4] !== "]") {
        throw new Wrong("a collating element is one character here");
      }
      this.#at += 5;
      return inner.codePointAt(0)!;
    }
    this.#at++;
    return char.codePointAt(0)!;
  }

  #namedClass(): (readonly [number, number])[] {
    const text = this.#chars.slice(this.#at, this.#at + 12).join("");
    const name = /^\[:([a-z]+):\]/.exec(text)?.[1];
    const ranges = name === undefined ? undefined : CLASSES.get(name);
    if (ranges === undefined) throw new Wrong("the name of a character class is not known");
    this.#at += name!.length + 4;
    return ranges;
  }
}

/** The classes of ASCII, with letters beyond it as letters. */
const CLASSES: ReadonlyMap<string, (readonly [number, number])[]> = new Map([
  ["alpha", [[65, 90], [97, 122], [0xaa, 0xaa], [0xb5, 0xb5], [0xba, 0xba], [0xc0, 0x1fff], [0x2c00, 0xd7ff]]],
  ["digit", [[48, 57]]],
  ["alnum", [[48, 57], [65, 90], [97, 122], [0xaa, 0xaa], [0xb5, 0xb5], [0xba, 0xba], [0xc0, 0x1fff], [
    0x2c00,
    0xd7ff,
  ]]],
  ["upper", [[65, 90]]],
  ["lower", [[97, 122]]],
  ["space", [[9, 13], [32, 32]]],
  ["blank", [[9, 9], [32, 32]]],
  ["punct", [[33, 47], [58, 64], [91, 96], [123, 126]]],
  ["print", [[32, 126], [160, 0x10ffff]]],
  ["graph", [[33, 126], [161, 0x10ffff]]],
  ["cntrl", [[0, 31], [127, 127]]],
  ["xdigit", [[48, 57], [65, 70], [97, 102]]],
]);

const WORD = [...CLASSES.get("alnum")!, [95, 95] as const];
const SPACE = CLASSES.get("space")!;

const ESCAPES: ReadonlyMap<string, ClassSet> = new Map([
  ["w", { negated: false, ranges: WORD }],
  ["W", { negated: true, ranges: WORD }],
  ["s", { negated: false, ranges: SPACE }],
  ["S", { negated: true, ranges: SPACE }],
]);
