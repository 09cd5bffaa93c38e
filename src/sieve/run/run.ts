/** The state of a run: what the scripts have said so far, and what is left of their bounds. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Part } from "../../message/model.ts";
import type { Template } from "../check/template.ts";
import type { SieveFacts, SieveWorld } from "../facts.ts";
import type { SieveLimits } from "../limits.ts";
import { Budget, SieveFault } from "../match/budget.ts";
import type { Comparator, ComparedText } from "../match/comparator.ts";
import type { SieveAction, SieveFailure, SieveLogLine, SievePlace, SieveRemember, SieveVersion } from "../result.ts";
import type { CheckedNode, SieveScript } from "../script.ts";
import { Key } from "./matching.ts";
import { FieldReading } from "./field_reading.ts";
import { type Draft, type DraftField, draftFields, draftPieces } from "./draft.ts";

/** What belongs to one script: its own variables (RFC 6609 section 3.4) and what its last match found. */
export interface Scope {
  readonly name: string;
  readonly script: SieveScript;
  readonly variables: Map<string, string>;
  readonly globals: Set<string>;
  matches: readonly string[];
}

/** What a script has decided; dropped as a whole where it fails. */
export interface Decisions {
  readonly actions: readonly SieveAction[];
  readonly implicitKeep: boolean;
  readonly flags: readonly string[];
  readonly remember: readonly SieveRemember[];
  readonly draft: Draft;
  /** The version that is the draft, or null where the draft has changed since. */
  readonly version: number | null;
}

/** A part that stands for the message. */
export interface View {
  readonly root: Part;
  readonly fields: readonly DraftField[];
}

/** Keys that are remembered during a run, and the longest of them. */
const KEYS = 1_000;
const KEY_LENGTH = 4_096;

/** One run of one or more scripts over one message. */
export class Run {
  readonly facts: SieveFacts;
  readonly world: SieveWorld;
  readonly limits: SieveLimits;
  readonly budget: Budget;
  readonly log: SieveLogLine[] = [];
  readonly failures: SieveFailure[] = [];
  readonly versions: SieveVersion[];
  readonly globals = new Map<string, string>();
  readonly included = new Set<string>();
  /** Names of the scripts around, for loops of includes. */
  readonly including: string[] = [];
  /** Keys out of variables, with what was made of them. */
  readonly #keys = new Map<string, Key>();
  readonly #made = new Map<Key, unknown>();
  /** What was read of bodies, so that the next test need not read it again. */
  readonly texts = new Map<Part, string>();
  readonly words = new Map<Part, string>();
  readonly raws = new Map<string, string>();
  readonly compared: ComparedText[] = [];
  readonly headers = new Map<Part, readonly DraftField[]>();
  readonly prefix: readonly DraftField[];
  readonly reading: FieldReading;
  /** The fields of the prefix and those of a draft, joined. */
  #joined: { readonly of: readonly DraftField[]; readonly all: readonly DraftField[] } | null = null;
  decisions: Decisions;
  scope: Scope;
  /** The part of the innermost `foreverypart`. */
  part: Part | null = null;
  /** RFC 6609 section 3.5: to a script that is included for a part, the part is the message. */
  view: View | null = null;
  bodyChanges = 0;
  includes = 0;
  bodyOctets = 0;
  headerEdits = 0;
  /** Where the run is. */
  at: SievePlace;

  constructor(facts: SieveFacts, world: SieveWorld, limits: SieveLimits) {
    this.facts = facts;
    this.world = world;
    this.limits = limits;
    this.budget = new Budget(limits.steps);
    this.reading = new FieldReading(this.budget);
    const { size, root } = facts.index;
    this.versions = [{ pieces: [{ start: 0, end: size }] }];
    this.prefix = facts.prefix ? draftFields(facts.prefix) : [];
    this.decisions = {
      actions: [],
      implicitKeep: true,
      flags: [...facts.flags ?? []],
      remember: [],
      draft: { fields: draftFields(facts.header), body: [{ start: root.bodyStart, end: size }] },
      version: 0,
    };
    this.scope = newScope("", { commands: [], extensions: new Set() });
    this.at = { script: "", line: 0 };
  }

  /** Changes a part of the decisions. */
  decide(change: Partial<Decisions>): void {
    this.decisions = { ...this.decisions, ...change };
  }

  /** Adds an action. @throws SieveFault where there are too many */
  act(action: SieveAction, cancelsKeep: boolean): void {
    const actions = [...this.decisions.actions, action];
    if (actions.length > this.limits.actions) throw new SieveFault(`more than ${this.limits.actions} actions`);
    this.decide({ actions, implicitKeep: this.decisions.implicitKeep && !cancelsKeep });
  }

  /** Notes a key for after the actions. @throws SieveFault where there are too many */
  remember(key: string, seconds: number): void {
    const remember = [...this.decisions.remember.filter((entry) => entry.key !== key), { key, seconds }];
    if (remember.length > this.limits.remembered) {
      throw new SieveFault(`more than ${this.limits.remembered} things to remember`);
    }
    this.decide({ remember });
  }

  /** The world, for one question. */
  ask(): SieveWorld {
    this.budget.spend(100);
    return this.world;
  }

  /** A new form of the message. */
  redraft(draft: Draft): void {
    this.decide({ draft, version: null });
  }

  /** The index of the version that the message has now. */
  version(): number {
    if (this.decisions.version !== null) return this.decisions.version;
    this.versions.push({ pieces: draftPieces(this.decisions.draft) });
    this.decide({ version: this.versions.length - 1 });
    return this.versions.length - 1;
  }

  /** The message, or the part that is one to this script. */
  root(): Part {
    return this.view?.root ?? this.facts.index.root;
  }

  /** The fields that tests see. */
  fields(): readonly DraftField[] {
    if (this.view !== null) return this.view.fields;
    const { fields } = this.decisions.draft;
    if (this.prefix.length === 0) return fields;
    if (this.#joined?.of !== fields) this.#joined = { of: fields, all: [...this.prefix, ...fields] };
    return this.#joined.all;
  }

  /** Those of them with this name (lower case). */
  named(name: string): readonly DraftField[] {
    return this.reading.named(this.fields(), name);
  }

  enter(node: CheckedNode): void {
    this.budget.spend(1);
    this.at = { script: this.scope.name, line: node.at.line };
  }

  /** A line for the log, as long as there is room. */
  say(kind: SieveLogLine["kind"], text: string, result?: boolean): void {
    if (this.log.length >= this.limits.logLines) return;
    const { script, line } = this.at;
    this.log.push(result === undefined ? { script, line, kind, text } : { script, line, kind, text, result });
  }

  /** A string with its variables put in (RFC 5229 section 3); empty where it was not given. */
  text(template: Template | null): string {
    if (template === null) return "";
    if (template.constant !== null) return template.constant;
    let out = "";
    for (const piece of template.pieces) {
      if (typeof piece === "string") out += piece;
      else if ("match" in piece) out += this.scope.matches[piece.match] ?? "";
      else out += this.variable(piece.variable);
      if (out.length > this.limits.stringSize) {
        throw new SieveFault(`a string with its variables has more than ${this.limits.stringSize} characters`);
      }
    }
    this.budget.look(out.length);
    return out;
  }

  all(templates: readonly Template[]): string[] {
    return templates.map((template) => this.text(template));
  }

  /** What was made of a key in this run. */
  made<T>(key: Key, make: () => T): T {
    const known = this.#made.get(key) as T | undefined;
    if (known !== undefined) return known;
    const made = make();
    if (this.#made.size < KEYS) this.#made.set(key, made);
    return made;
  }

  /** A key that may have been there before. */
  key(text: string, comparator: Comparator, type: string): Key {
    const name = `${type} ${comparator.name} ${text}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = new Key(text, comparator);
    if (this.#keys.size < KEYS && text.length < KEY_LENGTH) this.#keys.set(name, key);
    return key;
  }

  /** A variable's value; unknown ones are empty (RFC 5229 section 3). */
  variable(name: string): string {
    const { map, key } = this.#place(name);
    return map.get(key) ?? "";
  }

  /** RFC 5229 section 6: what is too long is cut, at a whole character. */
  setVariable(name: string, value: string): void {
    const { map, key } = this.#place(lowerAscii(name));
    if (!map.has(key) && map.size >= this.limits.variables) {
      throw new SieveFault(`more than ${this.limits.variables} variables`);
    }
    let kept = value.slice(0, this.limits.variableSize);
    if (kept.length < value.length && /[\ud800-\udbff]$/.test(kept)) kept = kept.slice(0, -1);
    map.set(key, kept);
  }

  #place(name: string): { readonly map: Map<string, string>; readonly key: string } {
    if (name.startsWith("global.")) return { map: this.globals, key: name.slice(7) };
    if (this.scope.globals.has(name)) return { map: this.globals, key: name };
    return { map: this.scope.variables, key: name };
  }
}

/** A script about to run. */
export function newScope(name: string, script: SieveScript): Scope {
  return { name, script, variables: new Map(), globals: new Set(), matches: [] };
}
