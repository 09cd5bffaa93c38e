/** `.procmailrc` as Sieve: the recipes that people have. What has no counterpart is told, with its line. */
import { quote } from "../rules/quote.ts";
import { mailPlace } from "./folder_name.ts";
import { patternTest } from "./header_pattern.ts";
import { CannotSay, IMPORT_LIMITS, type ImportedScript, readable, ScriptLines } from "./imported.ts";
import { pipeCommands } from "./pipe_command.ts";
import { procmailItems, type Recipe, type RecipeItem } from "./procmail_lines.ts";

/** Translates it. Linear in its text. */
export function importProcmail(text: string): ImportedScript {
  const out = new ScriptLines();
  out.add(0, "# From .procmailrc. Folders are made where they are missing.");
  const writer = new RecipeWriter(out);
  writer.items(procmailItems(text.slice(0, IMPORT_LIMITS.size), out), 0);
  writer.end();
  return out.written();
}

class RecipeWriter {
  readonly #out: ScriptLines;
  readonly #variables = new Map<string, string | null>([["HOME", "$HOME"]]);

  constructor(out: ScriptLines) {
    this.#out = out;
  }

  /** Recipes with A belong into the block of the one before, those with E behind it. */
  items(items: readonly RecipeItem[], depth: number): void {
    let before: { said: boolean; line: number } | null = null;
    // Behind a recipe without conditions no `else` can stand: what has E there never runs.
    let isAlways = false;
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      if ("name" in item) {
        this.#assign(item, depth);
        continue;
      }
      const { flags } = item;
      if (/[aAE]/.test(flags) && !(before?.said)) {
        this.#out.leave(depth, item.line, item.text, "it depends on a recipe that is not translated");
        before = { said: false, line: item.line };
        continue;
      }
      // With E it stands behind `if`; a recipe with A is taken by the one before it.
      const inside: Recipe[] = [];
      while (i + 1 < items.length) {
        const next = items[i + 1]!;
        if ("name" in next || !/[aA]/.test(next.flags)) break;
        inside.push(next);
        i++;
      }
      const isElse = flags.includes("E");
      before = { said: this.#recipe(item, inside, depth, isElse && isAlways), line: item.line };
      const isPlain = item.conditions.length === 0;
      isAlways = isElse ? isAlways || isPlain : isPlain && inside.length === 0;
    }
  }

  /** Where mail goes of which no recipe said anything. */
  end(): void {
    const standard = this.#variables.get("DEFAULT");
    if (!standard) return;
    const root = this.#variables.get("MAILDIR") ?? "$HOME";
    try {
      const place = mailPlace(standard, root);
      if (typeof place === "object") this.#out.add(0, this.#fileinto(place.mailbox, ""));
    } catch {
      this.#out.leave(0, 1, `DEFAULT=${standard}`, "what no recipe places stays in the inbox");
    }
  }

  #assign({ name, value, line, text }: Extract<RecipeItem, { name: string }>, depth: number): void {
    if (/^(INCLUDERC|SWITCHRC)$/.test(name)) {
      return this.#out.leave(depth, line, text, "another file is read here: import it by itself");
    }
    const known = value.includes("`") || depth > 0 ? null : this.#filled(value);
    this.#variables.set(name, known);
  }

  /** True where it is translated as a whole. */
  #recipe(recipe: Recipe, inside: readonly Recipe[], depth: number, isDead = false): boolean {
    const draft = new ScriptLines();
    const writer = new RecipeWriter(draft);
    for (const [name, value] of this.#variables) writer.#variables.set(name, value);
    try {
      const tests = recipe.conditions.map((one) => writer.#condition(one, recipe.flags));
      const all = tests.length === 1 ? tests[0]! : `allof (${tests.join(", ")})`;
      const test = isDead ? "false" : tests.length === 0 ? "" : readable(all, writer.#out.needs);
      const word = recipe.flags.includes("E") && !isDead ? test === "" ? "else" : "elsif" : "if";
      const isPlain = test === "" && word === "if";
      const lines = writer.#action(recipe, isPlain && inside.length === 0);
      if (isPlain && inside.length === 0) { for (const line of lines) this.#out.add(depth, line); }
      else {
        this.#out.add(depth, word === "else" ? "else {" : `${word} ${test === "" ? "true" : test} {`);
        for (const line of lines) this.#out.add(depth + 1, line);
      }
      for (const need of draft.needs) this.#out.needs.add(need);
      if (recipe.block) this.items(recipe.block, isPlain && inside.length === 0 ? depth : depth + 1);
      for (const one of inside) this.#recipe({ ...one, flags: one.flags.replace(/[aA]/g, "") }, [], depth + 1);
      if (!(isPlain && inside.length === 0)) this.#out.add(depth, "}");
      return true;
    } catch (error) {
      if (!(error instanceof CannotSay)) throw error;
      this.#out.leave(depth, recipe.line, recipe.text, error.message);
      for (const one of inside) {
        this.#out.leave(depth, one.line, one.text, "it depends on a recipe that is not translated");
      }
      return false;
    }
  }

  #condition(text: string, flags: string): string {
    if (text.length > IMPORT_LIMITS.pattern) throw new CannotSay("the condition is too long");
    const { needs } = this.#out;
    const inverted = /^\s*!\s*/.exec(text);
    if (inverted) return `not ${this.#condition(text.slice(inverted[0].length), flags)}`;
    const expanded = /^\s*\$\s*/.exec(text);
    if (expanded) return this.#condition(this.#filledPattern(text.slice(expanded[0].length)), flags);
    const size = /^\s*([<>])\s*(\d{1,10})\s*$/.exec(text);
    if (size) return `size ${size[1] === ">" ? ":over" : ":under"} ${Number(size[2])}`;
    if (/^\s*\?/.test(text)) throw new CannotSay("it asks a program");
    if (/^\s*-?[\d.]+\^/.test(text)) throw new CannotSay("it counts scores");
    const area = /^\s*([A-Za-z_]+)\s*\?\?\s*/.exec(text);
    if (area && !/^[HB]{1,2}$/.test(area[1]!)) throw new CannotSay(`it looks at the variable ${area[1]}`);
    const where = area ? area[1]! : flags.replace(/[^HB]/g, "") || "H";
    // A backslash in front is there for blanks behind it, and is no sign of the pattern.
    const pattern = (area ? text.slice(area[0].length) : text).trim().replace(/^\\/, "");
    const caseMatters = flags.includes("D");
    const tests: string[] = [];
    if (where.includes("H")) tests.push(patternTest(pattern, { where: "header", caseMatters, needs }));
    if (where.includes("B")) tests.push(patternTest(pattern, { where: "body", caseMatters, needs }));
    return tests.length === 1 ? tests[0]! : `anyof (${tests.join(", ")})`;
  }

  #action({ action, flags, block }: Recipe, _alone: boolean): string[] {
    const copy = flags.includes("c");
    const end = copy ? [] : ["stop;"];
    if (block) {
      if (copy) throw new CannotSay("a block for a copy of the message");
      return [];
    }
    if (flags.includes("e")) throw new CannotSay("it runs where another recipe failed");
    const text = this.#filled(action);
    if (text === null) throw new CannotSay("what it says is not known beforehand");
    const { needs } = this.#out;
    if (text.startsWith("!")) return [...this.#redirects(text.slice(1), copy), ...end];
    if (text.startsWith("|")) {
      const piped = pipeCommands(text.slice(1).trim(), flags, needs);
      return "to" in piped
        ? [...this.#redirects(piped.to, copy), ...end]
        : "folder" in piped
        ? [this.#fileinto(piped.folder, copy ? " :copy" : ""), ...end]
        : [...piped.lines];
    }
    const place = mailPlace(text.replace(/^"(.*)"$/, "$1").split(/\s+/)[0]!, this.#variables.get("MAILDIR") ?? "$HOME");
    if (place === "nowhere") return copy ? [] : ["discard;", "stop;"];
    if (place === "inbox") return copy ? ["keep;"] : ["keep;", "stop;"];
    return [this.#fileinto(place.mailbox, copy ? " :copy" : ""), ...end];
  }

  #fileinto(mailbox: string, copy: string): string {
    this.#out.needs.add("fileinto").add("mailbox");
    if (copy !== "") this.#out.needs.add("copy");
    return `fileinto${copy} :create ${quote(mailbox)};`;
  }

  #redirects(text: string, copy: boolean): string[] {
    const words = text.trim().replace(/"/g, "").split(/[\s,]+/).filter((word) => word !== "" && !word.startsWith("-"));
    if (words.length === 0 || words.length > 5) throw new CannotSay("it sends to nobody, or to more than five");
    const wrong = words.find((word) => !/^[^\s@"'`$()<>]+@[A-Za-z0-9.-]+$/.test(word));
    if (wrong !== undefined) throw new CannotSay(`${wrong.slice(0, 60)} is no address with a domain`);
    if (copy) this.#out.needs.add("copy");
    return words.map((word) => `redirect${copy ? " :copy" : ""} ${quote(word)};`);
  }

  /** With its variables put in; null: one is not known. `$DEFAULT` and `$HOME` mean something without a value. */
  #filled(text: string): string | null {
    let unknown = false;
    const filled = text.replace(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g, (whole, braced, plain) => {
      const name = (braced ?? plain) as string;
      const value = this.#variables.get(name);
      if (value !== undefined && value !== null) return value;
      if (/^(DEFAULT|ORGMAIL)$/.test(name) || name === "SENDMAIL") return `$${name}`;
      unknown = true;
      return whole;
    });
    return unknown ? null : filled.slice(0, IMPORT_LIMITS.pattern).replace(/^"(.*)"$/, "$1");
  }

  #filledPattern(text: string): string {
    // `$\NAME` is the value with its signs taken as they are.
    const filled = this.#filled(text.replace(/\$\\(?=[A-Za-z_{])/g, "$"));
    if (filled === null) throw new CannotSay("a variable of the pattern is not known beforehand");
    return filled;
  }
}
