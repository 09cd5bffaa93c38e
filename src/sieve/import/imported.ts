/** What an importer of filters makes: a script, and what it could not say in Sieve. */
import { checkSieve } from "../parse.ts";

/** A place that was left out. */
export interface Untranslated {
  /** In the file, from 1. */
  readonly line: number;
  readonly text: string;
  /** Why, for a person. */
  readonly reason: string;
}

/** A file of another program as a script. What is untranslated stands in it as comments, too. */
export interface ImportedScript {
  readonly script: string;
  readonly untranslated: readonly Untranslated[];
}

/** Bounds of what is read. */
export const IMPORT_LIMITS = {
  /** Characters of a file. */
  size: 1 << 20,
  /** Recipes, or statements. */
  statements: 2_500,
  /** Blocks in one another. */
  nesting: 30,
  /** Characters of a pattern. */
  pattern: 2_000,
} as const;

/** A test that this server reads as it stands: a pattern of elsewhere may be none here. @throws CannotSay */
export function readable(test: string, needs: ReadonlySet<string>): string {
  const words = [...needs].map((one) => `"${one}"`).join(", ");
  const [first] = checkSieve(`${words === "" ? "" : `require [${words}];`}\nif ${test} { keep; }\n`);
  if (first) throw new CannotSay(first.message);
  return test;
}

/** Thrown by what reads a part, with why it cannot be said in Sieve. */
export class CannotSay extends Error {}

/** The lines of a script while they are written, and what they need. */
export class ScriptLines {
  readonly needs = new Set<string>();
  readonly untranslated: Untranslated[] = [];
  readonly #lines: string[] = [];

  add(depth: number, text: string): void {
    this.#lines.push("  ".repeat(depth) + text);
  }

  /** What is left out, as comments. */
  leave(depth: number, line: number, text: string, reason: string): void {
    const clean = (one: string): string => one.replace(/[^\P{Cc}\t]/gu, " ").slice(0, 200);
    this.untranslated.push({ line, text: clean(text.split("\n")[0] ?? ""), reason });
    this.add(depth, `# Not translated (line ${line}): ${clean(reason)}`);
    for (const one of text.split("\n").slice(0, 30)) this.add(depth, `#   ${clean(one)}`);
  }

  written(): ImportedScript {
    const needs = [...this.needs].sort().map((one) => `"${one}"`);
    const head = needs.length === 0 ? [] : [`require [${needs.join(", ")}];`, ""];
    return { script: [...head, ...this.#lines, ""].join("\r\n"), untranslated: this.untranslated };
  }
}
