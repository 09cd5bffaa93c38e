/** The lines of a `.procmailrc`, as recipes, assignments and blocks. */
import { IMPORT_LIMITS, type ScriptLines } from "./imported.ts";

/** A recipe: `:0 flags`, conditions, an action or a block. */
export interface Recipe {
  readonly line: number;
  /** As it stands there, for people. */
  readonly text: string;
  readonly flags: string;
  readonly conditions: readonly string[];
  readonly action: string;
  readonly block: readonly RecipeItem[] | null;
}

/** What a file consists of. */
export type RecipeItem = Recipe | {
  readonly line: number;
  readonly text: string;
  readonly name: string;
  readonly value: string;
};

interface Line {
  readonly line: number;
  readonly text: string;
}

/** Reads all; what is nothing is told to `out`. */
export function procmailItems(text: string, out: ScriptLines): readonly RecipeItem[] {
  const reader = { lines: logicalLines(text), at: 0, left: IMPORT_LIMITS.statements };
  const items = readItems(reader, out, 0);
  return items;
}

interface Reader {
  readonly lines: readonly Line[];
  at: number;
  left: number;
}

function readItems(reader: Reader, out: ScriptLines, depth: number): RecipeItem[] {
  const items: RecipeItem[] = [];
  while (reader.at < reader.lines.length) {
    const { line, text } = reader.lines[reader.at++]!;
    if (/^\}/.test(text)) {
      if (depth > 0) return items;
      continue;
    }
    if (--reader.left < 0) {
      out.leave(0, line, text, `there are more than ${IMPORT_LIMITS.statements} recipes`);
      reader.at = reader.lines.length;
      return items;
    }
    const assigned = /^([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(text);
    const start = /^:\s*(\d*)\s*([A-Za-z ]*)(?::.*)?$/.exec(text);
    if (assigned) items.push({ line, text, name: assigned[1]!, value: assigned[2]!.replace(/\s+#.*$/, "").trim() });
    else if (start) items.push(readRecipe(reader, out, depth, line, start[2]!.replace(/ /g, ""), text));
    else out.leave(0, line, text, "this is no recipe and no assignment");
  }
  return items;
}

function readRecipe(
  reader: Reader,
  out: ScriptLines,
  depth: number,
  line: number,
  flags: string,
  first: string,
): Recipe {
  const texts = [first];
  const conditions: string[] = [];
  for (let next = reader.lines[reader.at]; next?.text.startsWith("*"); next = reader.lines[reader.at]) {
    texts.push(next.text);
    conditions.push(next.text.slice(1).trim());
    reader.at++;
  }
  const action = reader.lines[reader.at++]?.text ?? "";
  texts.push(action);
  let block: readonly RecipeItem[] | null = null;
  if (action.startsWith("{")) {
    if (depth >= IMPORT_LIMITS.nesting) {
      out.leave(0, line, first, "blocks in one another, too deep");
      reader.at = reader.lines.length;
      block = [];
    } else if (/^\{\s*\}$/.test(action)) block = [];
    else block = readItems(reader, out, depth + 1);
  }
  return { line, text: texts.join("\n"), flags, conditions, action, block };
}

/** Without comments and blank lines; a backslash at the end of a line takes the next one to it. */
function logicalLines(text: string): Line[] {
  const out: { line: number; text: string }[] = [];
  let open: { line: number; text: string } | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const trimmed = raw.trim();
    if (open === null && (trimmed === "" || trimmed.startsWith("#"))) continue;
    const goesOn = raw.endsWith("\\") && !raw.endsWith("\\\\");
    const piece = goesOn ? raw.slice(0, -1) : raw;
    if (open === null) out.push(open = { line: index + 1, text: piece.trimStart() });
    else open.text += piece.trimStart();
    if (!goesOn || open.text.length > IMPORT_LIMITS.pattern * 4) open = null;
  }
  for (const line of out) line.text = line.text.trimEnd();
  return out;
}
