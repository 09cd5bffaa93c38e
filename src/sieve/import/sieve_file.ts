/**
 * Scripts of other servers' stores. What this server cannot run (extensions that it does not have, as Pigeonhole's own)
 * becomes comments, a command at a time.
 */
import { formatSieveError, parseSieve } from "../parse.ts";
import { Lexer } from "../syntax/lexer.ts";
import { ErrorList, type SieveError } from "../syntax/tree.ts";
import { IMPORT_LIMITS, type ImportedScript, type Untranslated } from "./imported.ts";

interface Command {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly firstLine: number;
  readonly lastLine: number;
}

/** Rounds of taking out: an error may hide another. */
const ROUNDS = 20;
/** Commands that are taken out in one of them. */
const MOST_WRONG = 200;

/** The script as it can run here; octet by octet the same where it can as it is. */
export function importSieve(text: string): ImportedScript {
  const untranslated: Untranslated[] = [];
  let script = text.slice(0, IMPORT_LIMITS.size);
  for (let round = 0; round < ROUNDS; round++) {
    const parsed = parseSieve(script);
    if ("script" in parsed) return { script, untranslated };
    const less = withoutErrors(script, parsed.errors, untranslated);
    if (less === script) break;
    script = less;
  }
  const last = parseSieve(script);
  if ("script" in last) return { script, untranslated };
  const first = last.errors[0]!;
  // It is no script at all: all of it is comment.
  const all = script.split(/\r?\n/);
  untranslated.push({
    line: first.line,
    text: (all[first.line - 1] ?? "").slice(0, 200),
    reason: formatSieveError(first),
  });
  return { script: all.map((line) => `# ${line.replace(/[^\P{Cc}\t]/gu, " ")}`.trimEnd()).join("\r\n"), untranslated };
}

/** Takes the commands out in which errors are; of `require` only the words that are not known. */
function withoutErrors(script: string, errors: readonly SieveError[], told: Untranslated[]): string {
  const commands = commandsOf(script);
  const wrong = commands.filter((one) => errors.some(({ line }) => line >= one.firstLine && line <= one.lastLine));
  // What is wrong nearly everywhere is no script, and comments must not outgrow it.
  if (wrong.length > MOST_WRONG) return script;
  let out = script;
  for (const command of wrong.reverse()) {
    const its = errors.filter(({ line }) => line >= command.firstLine && line <= command.lastLine);
    const [first] = its;
    if (first === undefined) continue;
    const text = script.slice(command.start, command.end);
    const reason = its.map(formatSieveError).join(" ").slice(0, 500);
    if (!told.some(({ line }) => line === first.line)) {
      told.push({ line: first.line, text: text.split("\n")[0]!.trim().slice(0, 200), reason });
    }
    const kept = command.name === "require" ? knownOnly(text) : "";
    const comments = text.split(/\r?\n/).map((line) => `# ${line.replace(/[^\P{Cc}\t]/gu, " ")}`.trimEnd());
    // As many lines as before, and one more: what is told later of a line is still near it.
    const left = `# Not translated: ${reason.replace(/[\p{Cc}]/gu, " ").slice(0, 200)}\r\n${comments.join("\r\n")}\r\n`;
    out = out.slice(0, command.start) + (kept === "" ? left : `${left}${kept}`) + out.slice(command.end);
  }
  return out;
}

/** `require` with what this server has. */
function knownOnly(text: string): string {
  const words = [...text.slice(0, 10_000).matchAll(/"([a-z0-9.;_-]{1,100})"/gi)].map(([, word]) => word!);
  const known = words.filter((word) => "script" in parseSieve(`require "${word}";`));
  return known.length === 0 ? "" : `require [${known.map((word) => `"${word}"`).join(", ")}];`;
}

/** Commands outside of blocks; an `if` with what hangs on it. */
function commandsOf(script: string): readonly Command[] {
  const lexer = new Lexer(script, new ErrorList(1));
  const out: Command[] = [];
  let open: { name: string; start: number; line: number } | null = null;
  let depth = 0;
  let before = 0;
  for (let token = lexer.next(); token.kind !== "end" && out.length < IMPORT_LIMITS.statements; token = lexer.next()) {
    const hangs = token.kind === "identifier" && /^(elsif|else)$/i.test(token.text);
    if (open === null && depth === 0) {
      const last = hangs ? out.pop() : undefined;
      open = last
        ? { name: last.name, start: last.start, line: last.firstLine }
        : { name: token.text.toLowerCase(), start: startOf(script, before), line: token.at.line };
    }
    if (token.kind === "{") depth++;
    if (token.kind === "}") depth = Math.max(0, depth - 1);
    before = lexer.offset;
    if (open !== null && depth === 0 && (token.kind === ";" || token.kind === "}")) {
      out.push({
        name: open.name,
        start: open.start,
        end: before,
        firstLine: open.line,
        lastLine: token.at.line,
      });
      open = null;
    }
  }
  return out;
}

/** Where the first token behind `before` begins: behind blanks and comments. */
function startOf(script: string, before: number): number {
  const blanks = /(?:\s+|#[^\n]*\n?|\/\*[^]*?\*\/)*/y;
  blanks.lastIndex = before;
  blanks.exec(script);
  return blanks.lastIndex;
}
