/**
 * Runs a compiled expression: all ways at once, one character after the other, each instruction at most once a
 * character. So the time is the text's length times the program's, whatever both are. Of several matches the
 * leftmost counts, and of those the longest (POSIX); inside, what comes first in the expression is preferred.
 */
import type { Budget } from "./budget.ts";
import type { ComparedText } from "./comparator.ts";
import { classHolds } from "./regex.ts";
import type { Instruction, RegexProgram } from "./regex_program.ts";

/** Starts and ends of groups by slot; -1 where a group took no part. */
type Slots = readonly number[];

/** What each group took, the whole match at 0; or null where nothing matches. Both have one comparator. */
export function runRegex(program: RegexProgram, line: ComparedText, budget: Budget): readonly string[] | null {
  if (program.literal !== null) {
    budget.look(line.text.length / 4);
    if (!program.literal.isIn(line.key)) return null;
  }
  const best = search(program, line.symbols, budget);
  if (best === null) return null;
  const out: string[] = [];
  for (let group = 0; group <= program.groups; group++) {
    const start = best[2 * group] ?? -1;
    const end = best[2 * group + 1] ?? -1;
    out.push(start < 0 || end < 0 ? "" : line.slice(start, end));
  }
  return out;
}

function search(program: RegexProgram, line: Int32Array, budget: Budget): Slots | null {
  const empty: Slots = new Array(2 * program.groups + 2).fill(-1);
  let now = new Threads(program.code);
  let then = new Threads(program.code);
  let best: Slots | null = null;
  for (let at = 0; at <= line.length; at++) {
    // A new way begins here unless one that began before has matched: it would be further to the right.
    if (best === null) now.add(0, empty, at, line.length);
    budget.spend((1 + now.size) / 20);
    for (let i = 0; i < now.size; i++) {
      const pc = now.places[i]!;
      const slots = now.slots[i]!;
      const instruction = program.code[pc]!;
      if (instruction.op === "match") {
        if (best === null || better(slots, best)) best = slots;
      } else if ((best === null || slots[0]! <= best[0]!) && at < line.length && takes(instruction, line[at]!)) {
        then.add(pc + 1, slots, at + 1, line.length);
      }
    }
    [now, then] = [then, now];
    then.clear();
    if (best !== null && now.size === 0) break;
  }
  return best;
}

function better(found: Slots, best: Slots): boolean {
  return found[0]! < best[0]! || (found[0] === best[0] && found[1]! > best[1]!);
}

function takes(instruction: Instruction, code: number): boolean {
  switch (instruction.op) {
    case "char":
      return instruction.code === code;
    case "any":
      return true;
    case "class":
      return classHolds(instruction.set, code);
    default:
      return false;
  }
}

/** The ways that are open at one place, best first; each instruction stands there once. */
class Threads {
  readonly places: Int32Array;
  readonly slots: Slots[] = [];
  size = 0;
  readonly #code: readonly Instruction[];
  readonly #seen: Int32Array;
  /** Ways that `add` has still to follow; each instruction adds at most one to them. */
  readonly #openPlaces: Int32Array;
  readonly #openSlots: Slots[] = [];
  #mark = 1;

  constructor(code: readonly Instruction[]) {
    this.#code = code;
    this.places = new Int32Array(code.length);
    this.#seen = new Int32Array(code.length);
    this.#openPlaces = new Int32Array(code.length + 2);
  }

  clear(): void {
    this.size = 0;
    this.#mark++;
  }

  /** Opens a way, and all that it reaches without taking a character. */
  add(place: number, from: Slots, at: number, end: number): void {
    this.#openPlaces[0] = place;
    this.#openSlots[0] = from;
    let open = 1;
    while (open > 0) {
      const pc = this.#openPlaces[--open]!;
      let slots = this.#openSlots[open]!;
      if (this.#seen[pc] === this.#mark) continue;
      this.#seen[pc] = this.#mark;
      const instruction = this.#code[pc]!;
      let next = pc + 1;
      switch (instruction.op) {
        case "split":
          this.#openPlaces[open] = instruction.second;
          this.#openSlots[open++] = slots;
          next = instruction.first;
          break;
        case "jump":
          next = instruction.to;
          break;
        case "save":
          slots = slots.with(instruction.slot, at);
          break;
        case "start":
          if (at !== 0) continue;
          break;
        case "end":
          if (at !== end) continue;
          break;
        default:
          this.places[this.size] = pc;
          this.slots[this.size++] = slots;
          continue;
      }
      this.#openPlaces[open] = next;
      this.#openSlots[open++] = slots;
    }
  }
}
