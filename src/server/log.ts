/**
 * Logs: one JSON object a line on stderr, a readable line on a terminal. Lines of one turn of the event loop are one
 * write. Control characters of remote text are escaped in both forms, so nobody can forge a line.
 */
import type { LogEvent } from "../contract/mod.ts";

/** How much it matters; `error` is for whoever runs the server. */
export type LogLevel = LogEvent["level"] | "error";

/** One fact. `fields` never hold a secret. */
export interface LogLine {
  /** How much it matters. */
  readonly level: LogLevel;
  /** Dotted and stable. */
  readonly event: string;
  /** What else there is to know. */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** Takes facts, and writes them somewhere. */
export interface Logger {
  /** Says one; cheap, and nothing waits for it. */
  log(level: LogLevel, event: string, fields?: LogLine["fields"]): void;
  /** Writes what is buffered, now. */
  flush(): void;
}

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const FIELD_LIMIT = 1000; // characters of one value

/** How a logger writes. */
export interface LoggerOptions {
  /** What matters less is left out. */
  readonly level: LogLevel;
  /** `json`: an object a line; `text`: for people. */
  readonly format: "json" | "text";
  /** Takes whole lines. */
  readonly write: (text: string) => void;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** A logger over any `write`. */
export function createLogger(options: LoggerOptions): Logger {
  const print = options.format === "json" ? printJson : printText;
  const least = ORDER[options.level];
  let buffered: string[] = [];
  const flush = (): void => {
    if (buffered.length === 0) return;
    const lines = buffered;
    buffered = [];
    options.write(lines.join(""));
  };
  return {
    log(level, event, fields = {}) {
      if (ORDER[level] < least) return;
      if (buffered.push(print({ level, event, fields }, options.now())) === 1) setTimeout(flush, 0);
    },
    flush,
  };
}

/** A logger that keeps its lines, for tests. */
export function memoryLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, log: (level, event, fields = {}) => void lines.push({ level, event, fields }), flush: () => {} };
}

function printJson(line: LogLine, now: number): string {
  const out: Record<string, unknown> = { time: new Date(now).toISOString(), level: line.level, event: line.event };
  for (const [name, value] of Object.entries(line.fields)) out[name] = shorten(value);
  return escapeC1(JSON.stringify(out)) + "\n";
}

function printText(line: LogLine, now: number): string {
  let out = `${new Date(now).toISOString().slice(11, 23)} ${line.level.padEnd(5)} ${line.event}`;
  for (const [name, value] of Object.entries(line.fields)) {
    if (value !== null) out += ` ${name}=${typeof value === "string" ? quote(shorten(value) as string) : value}`;
  }
  return out + "\n";
}

function quote(text: string): string {
  return /^[\x21\x23-\x7e]+$/.test(text) ? text : escapeC1(JSON.stringify(text));
}

/** JSON leaves DEL and C1 controls (8-bit terminal commands) as they are. */
function escapeC1(text: string): string {
  return text.replace(/[\x7f-\x9f]/g, (char) => "\\u00" + char.charCodeAt(0).toString(16));
}

function shorten(value: string | number | boolean | null): string | number | boolean | null {
  return typeof value === "string" && value.length > FIELD_LIMIT ? value.slice(0, FIELD_LIMIT) + "…" : value;
}
