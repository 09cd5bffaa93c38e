/** Where the rules of a script begin: markers count only between commands, not in strings, blocks or other comments. */
import { Lexer } from "../syntax/lexer.ts";
import { ErrorList } from "../syntax/tree.ts";

/** A piece of a script: a rule with its commands, or one command in front of all markers. */
export interface Segment {
  readonly name: string;
  readonly text: string;
}

interface Marker {
  readonly name: string;
  /** Where its line begins, and where the one behind it does. */
  readonly start: number;
  readonly end: number;
}

interface Found {
  readonly markers: readonly Marker[];
  /** Starts of commands outside of blocks, with their names. */
  readonly commands: readonly { readonly name: string; readonly start: number; readonly end: number }[];
}

/** Whether a text holds the beginning of a rule. */
export function hasMarkers(text: string): boolean {
  return scan(`\n${text}\n`).markers.length > 0;
}

/** The pieces behind `require`, in their order. The script must be free of errors. */
export function segmentsOf(script: string): readonly Segment[] {
  const text = script.startsWith("\ufeff") ? script.slice(1) : script;
  const { markers, commands } = scan(text);
  const rest = commands.filter(({ name }) => name !== "require");
  const begin = commands.findLast(({ name }) => name === "require")?.end ?? 0;
  const first = markers[0]?.start ?? text.length;
  const loose = rest.filter(({ start }) => start < first);
  const heads = loose.filter(({ name }) => name !== "elsif" && name !== "else");
  const out: Segment[] = heads.map((_, index) => ({
    name: "",
    // a comment belongs to the command behind it
    text: text.slice(
      index === 0 ? begin : endBefore(loose, heads[index]!.start),
      index + 1 === heads.length ? first : endBefore(loose, heads[index + 1]!.start),
    ).trim(),
  }));
  for (const [index, { name, end }] of markers.entries()) {
    out.push({ name, text: text.slice(Math.max(end, begin), markers[index + 1]?.start ?? text.length).trim() });
  }
  return out;
}

function endBefore(commands: Found["commands"], start: number): number {
  return commands.findLast((command) => command.end <= start)?.end ?? 0;
}

/** Whether a text has comments, and where each is. */
export function commentsOf(text: string): readonly { readonly start: number; readonly text: string }[] {
  const out: { start: number; text: string }[] = [];
  walk(text, (gap) => out.push(...commentsIn(text, gap.start, gap.end)));
  return out;
}

function scan(text: string): Found {
  const markers: Marker[] = [];
  const commands: { name: string; start: number; end: number }[] = [];
  let open: { name: string; start: number } | null = null;
  let depth = 0;
  walk(text, ({ start: gap, end, token, next }) => {
    if (open === null && depth === 0 && token !== "elsif" && token !== "else") {
      for (const comment of commentsIn(text, gap, end)) {
        const name = /^# rule:\[(.*)\]/.exec(comment.text)?.[1];
        const line = comment.start === 0 || text[comment.start - 1] === "\n";
        if (name === undefined || !line) continue;
        const stop = comment.start + comment.text.length + 1;
        markers.push({ name, start: comment.start, end: Math.min(stop, text.length) });
      }
    }
    open ??= { name: token, start: end };
    if (token === "{") depth++;
    if (token === "}") depth--;
    if (depth <= 0 && (token === ";" || token === "}")) {
      commands.push({ ...open, end: next });
      open = null;
      depth = 0;
    }
  });
  return { markers, commands };
}

interface Gap {
  /** What is between two tokens. */
  readonly start: number;
  readonly end: number;
  /** The one behind: its text where it is a word or a sign, else empty. */
  readonly token: string;
  /** Where that ends. */
  readonly next: number;
}

function walk(text: string, visit: (gap: Gap) => void): void {
  const lexer = new Lexer(text, new ErrorList(1));
  const lines = [0];
  for (let lf = text.indexOf("\n"); lf >= 0; lf = text.indexOf("\n", lf + 1)) lines.push(lf + 1);
  for (let start = 0;;) {
    const token = lexer.next();
    const end = token.kind === "end" ? text.length : (lines[token.at.line - 1] ?? 0) + token.at.column - 1;
    visit({ start, end, token: token.kind === "string" ? "" : token.text, next: lexer.offset });
    if (token.kind === "end") return;
    start = lexer.offset;
  }
}

/** Comments of a text that has nothing else but blanks; `#` ones without the end of their line. */
function commentsIn(text: string, from: number, to: number): readonly { start: number; text: string }[] {
  const out: { start: number; text: string }[] = [];
  for (let at = from; at < to;) {
    const bracket = text[at] === "/";
    if (!bracket && text[at] !== "#") {
      at++;
      continue;
    }
    const found = bracket ? text.indexOf("*/", at + 2) + 2 : text.indexOf("\n", at);
    const end = found < at ? to : Math.min(found, to);
    out.push({ start: at, text: text.slice(at, end) });
    at = end;
  }
  return out;
}
