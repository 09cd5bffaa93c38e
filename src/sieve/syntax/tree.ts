/** A script as it stands: commands, tests and arguments with their places, before anything is known of their meaning. */

/** Where something stands in a script; both count from 1, columns in characters (UTF-16 units). */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A quoted string or a `text:` block. */
export interface StringNode {
  readonly kind: "string";
  readonly at: Place;
  readonly value: string;
}

/** A string list in brackets. */
export interface ListNode {
  readonly kind: "list";
  readonly at: Place;
  readonly items: readonly StringNode[];
}

/** A number with its quantifier multiplied in. */
export interface NumberNode {
  readonly kind: "number";
  readonly at: Place;
  readonly value: number;
}

/** `:name`, in lower case and without the colon. */
export interface TagNode {
  readonly kind: "tag";
  readonly at: Place;
  readonly name: string;
}

/** One argument. */
export type ArgumentNode = StringNode | ListNode | NumberNode | TagNode;

/** A test, and what all commands have too. */
export interface TestNode {
  /** In lower case: identifiers are compared without case (RFC 5228 section 2.1). */
  readonly name: string;
  readonly at: Place;
  readonly args: readonly ArgumentNode[];
  /** Tests behind the arguments: none, one without parentheses, or a list in them. */
  readonly form: "none" | "single" | "list";
  readonly tests: readonly TestNode[];
}

/** A command: an action or a control. */
export interface CommandNode extends TestNode {
  /** Null where a semicolon ends it. */
  readonly block: readonly CommandNode[] | null;
  /** It could not be read, and that was said: only its block is worth a look. */
  readonly broken?: true;
}

/** What is wrong in a script, for whoever wrote it. */
export interface SieveError {
  readonly line: number;
  readonly column: number;
  /** One sentence. */
  readonly message: string;
  /** What stands there, shortened; empty at the end of the script. */
  readonly found: string;
  /** What could stand there; empty where that is not the point. */
  readonly expected: string;
}

/** Errors of one script, up to a bound. */
export class ErrorList {
  readonly errors: SieveError[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.errors.length >= this.#limit;
  }

  add(at: Place, message: string, found: string = "", expected: string = ""): void {
    if (this.full) return;
    this.errors.push({ line: at.line, column: at.column, message, found: shorten(found), expected });
  }
}

/** A text as one short line, for messages. */
export function shorten(text: string, limit: number = 60): string {
  const line = text.slice(0, 4 * limit).replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length <= limit && text.length <= 4 * limit ? line : line.slice(0, limit - 1) + "…";
}
