/** Regular expressions: compiled to a bounded program, run in time linear in the text (`regex_run.ts`). */
import type { Comparator } from "./comparator.ts";
import { parseRegex, type RegexNode } from "./regex_parse.ts";
import { Needle } from "./search.ts";
import { CAPTURES, type ClassSet, type Instruction, type RegexProblem, type RegexProgram } from "./regex_program.ts";

/**
 * Compiles a POSIX extended regular expression. Bounds are written out (`a{3}` is `aaa`), so a program can be longer
 * than its text; `size` is the most instructions it may have.
 */
export function compileRegex(text: string, comparator: Comparator, size: number): RegexProgram | RegexProblem {
  const parsed = parseRegex(text);
  if ("problem" in parsed) return parsed;
  const writer = new Writer(comparator, size);
  try {
    writer.write({ kind: "group", index: 0, inner: parsed.node });
  } catch (error) {
    if (error instanceof TooLarge) return { problem: `with its bounds written out it has more than ${size} steps` };
    throw error;
  }
  const always = comparator.normalize === undefined ? comparator.key(literalIn(parsed.node)) : "";
  const literal = always === "" ? null : new Needle(always);
  return { code: [...writer.code, { op: "match" }], groups: Math.min(writer.groups, CAPTURES), literal };
}

/** The longest run of characters that stands in every match. */
function literalIn(node: RegexNode): string {
  let best = "";
  let run = "";
  const look = (node: RegexNode): void => {
    if (node.kind === "char") run += String.fromCodePoint(node.code);
    else if (node.kind === "group") look(node.inner);
    else if (node.kind === "sequence") node.items.forEach(look);
    else if (node.kind !== "empty") {
      if (run.length > best.length) best = run;
      run = "";
    }
  };
  look(node);
  return run.length > best.length ? run : best;
}

class TooLarge extends Error {}

class Writer {
  readonly code: Instruction[] = [];
  groups = 0;
  readonly #comparator: Comparator;
  readonly #size: number;
  #work = 0;

  constructor(comparator: Comparator, size: number) {
    this.#comparator = comparator;
    this.#size = size;
  }

  #emit(instruction: Instruction): number {
    // A class is looked through range by range, so many ranges weigh as more than one instruction.
    if (instruction.op === "class") this.#use(instruction.set.ranges.length);
    if (this.code.length >= this.#size) throw new TooLarge();
    return this.code.push(instruction) - 1;
  }

  /** Bounds around what is empty write nothing, and still take time. */
  #use(work: number): void {
    this.#work += work;
    if (this.#work > 8 * this.#size) throw new TooLarge();
  }

  write(node: RegexNode): void {
    this.#use(1);
    switch (node.kind) {
      case "char":
        this.#emit({ op: "char", code: this.#comparator.fold?.(node.code) ?? node.code });
        return;
      case "any":
      case "start":
      case "end":
        this.#emit({ op: node.kind });
        return;
      case "empty":
        return;
      case "class":
        this.#emit({ op: "class", set: foldSet(node.set, this.#comparator) });
        return;
      case "group":
        return this.#group(node.index, node.inner);
      case "sequence":
        for (const item of node.items) this.write(item);
        return;
      case "choice":
        return this.#choice(node.items);
      case "repeat":
        return this.#repeat(node.min, node.max, node.inner);
    }
  }

  #group(index: number, inner: RegexNode): void {
    this.groups = Math.max(this.groups, index);
    if (index > CAPTURES) return this.write(inner);
    this.#emit({ op: "save", slot: 2 * index });
    this.write(inner);
    this.#emit({ op: "save", slot: 2 * index + 1 });
  }

  #choice(items: readonly RegexNode[]): void {
    const ends: { op: "jump"; to: number }[] = [];
    items.forEach((item, index) => {
      if (index === items.length - 1) return this.write(item);
      const split = { op: "split" as const, first: this.code.length + 1, second: 0 };
      this.#emit(split);
      this.write(item);
      const end = { op: "jump" as const, to: 0 };
      this.#emit(end);
      ends.push(end);
      split.second = this.code.length;
    });
    for (const end of ends) end.to = this.code.length;
  }

  #repeat(min: number, max: number, inner: RegexNode): void {
    for (let i = 0; i < min; i++) this.write(inner);
    if (max === Infinity) {
      const split = { op: "split" as const, first: this.code.length + 1, second: 0 };
      const at = this.#emit(split);
      this.write(inner);
      this.#emit({ op: "jump", to: at });
      split.second = this.code.length;
      return;
    }
    const splits: { second: number }[] = [];
    for (let i = min; i < max; i++) {
      const split = { op: "split" as const, first: this.code.length + 1, second: 0 };
      this.#emit(split);
      splits.push(split);
      this.write(inner);
    }
    for (const split of splits) split.second = this.code.length;
  }
}

/** Texts are folded before they are looked at, so the letters of a class must be there in that form too. */
function foldSet(set: ClassSet, { fold }: Comparator): ClassSet {
  if (fold === null) return set;
  const ranges: (readonly [number, number])[] = [...set.ranges];
  for (const [from, to] of set.ranges) {
    const low = Math.max(from, 65);
    const high = Math.min(to, 90);
    if (low <= high && fold(low) !== low) ranges.push([fold(low), fold(high)]);
    // Single letters beyond ASCII; wide ranges hold both cases anyway.
    if (to > 127 && to - Math.max(from, 128) < 512) {
      for (let code = Math.max(from, 128); code <= to; code++) {
        const folded = fold(code);
        if (folded !== code) ranges.push([folded, folded]);
      }
    }
  }
  return { negated: set.negated, ranges };
}

/** Whether a class holds a code point. */
export function classHolds(set: ClassSet, code: number): boolean {
  for (const [from, to] of set.ranges) if (code >= from && code <= to) return !set.negated;
  return set.negated;
}
