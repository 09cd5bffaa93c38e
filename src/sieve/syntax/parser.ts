/**
 * The grammar of RFC 5228 section 8.2. All errors are found in one pass: behind an error reading goes on at the next
 * `;`, at a `{` or before a `}`. Depth is bounded, so the recursion is.
 */
import type { SieveLimits } from "../limits.ts";
import { Lexer, type Token } from "./lexer.ts";
import type { ArgumentNode, CommandNode, ErrorList, Place, StringNode, TestNode } from "./tree.ts";

/** The commands of a script; what is wrong with it is in `errors`. */
export function parseCommands(text: string, limits: SieveLimits, errors: ErrorList): CommandNode[] {
  return new Parser(text, limits, errors).script();
}

/** Thrown inside only: this command cannot be read on. */
class Lost extends Error {}

class Parser {
  readonly #lexer: Lexer;
  readonly #limits: SieveLimits;
  readonly #errors: ErrorList;
  #token: Token;
  #commands = 0;

  constructor(text: string, limits: SieveLimits, errors: ErrorList) {
    this.#lexer = new Lexer(text, errors);
    this.#limits = limits;
    this.#errors = errors;
    this.#token = this.#lexer.next();
  }

  script(): CommandNode[] {
    const out: CommandNode[] = [];
    while (this.#token.kind !== "end" && !this.#errors.full) {
      out.push(...this.#block(0));
      if (this.#token.kind === "}") {
        this.#errors.add(this.#token.at, "This brace closes nothing.", "}", "a command");
        this.#advance();
      }
    }
    return out;
  }

  /** Commands up to the end or to a brace that closes. */
  #block(depth: number): CommandNode[] {
    const out: CommandNode[] = [];
    while (this.#token.kind !== "end" && this.#token.kind !== "}" && !this.#errors.full) {
      const command = this.#command(depth);
      if (command !== null) out.push(command);
    }
    return out;
  }

  #command(depth: number): CommandNode | null {
    const start = this.#token;
    if (start.kind === ";") {
      this.#errors.add(start.at, "No command stands before this semicolon.", ";", "a command");
      this.#advance();
      return null;
    }
    if (++this.#commands > this.#limits.commands) {
      this.#errors.add(start.at, `A script has at most ${this.#limits.commands} commands.`);
      this.#token = { kind: "end", at: start.at, text: "" };
      return null;
    }
    let head: TestNode | null = null;
    try {
      head = this.#testLike("a command", 0);
      if (this.#token.kind !== ";" && this.#token.kind !== "{") this.#lose("`;` or a block in braces");
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      this.#recover();
    }
    const broken: CommandNode = {
      name: start.text,
      at: start.at,
      args: [],
      form: "none",
      tests: [],
      block: null,
      broken: true,
    };
    return this.#commandEnd(head ?? broken, depth, start.at);
  }

  #commandEnd(head: TestNode, depth: number, at: Place): CommandNode | null {
    if (this.#token.kind === ";") {
      this.#advance();
      return { ...head, block: null };
    }
    if (this.#token.kind !== "{") return { ...head, block: null };
    if (depth >= this.#limits.nesting) {
      this.#errors.add(at, `Blocks stand in one another at most ${this.#limits.nesting} deep.`, "{");
      this.#skipBlock();
      return null;
    }
    const open = this.#token.at;
    this.#advance();
    const block = this.#block(depth + 1);
    if (this.#is("}")) this.#advance();
    else this.#errors.add(open, "This block does not end.", "{", "}");
    return { ...head, block };
  }

  /** A name, its arguments and its tests. */
  #testLike(expected: string, depth: number): TestNode {
    const name = this.#token;
    if (name.kind !== "identifier") return this.#lose(expected);
    if (depth > this.#limits.nesting) {
      this.#errors.add(name.at, `Tests stand in one another at most ${this.#limits.nesting} deep.`, name.text);
      throw new Lost();
    }
    this.#advance();
    const args = this.#arguments();
    const base = { name: name.text, at: name.at, args };
    if (this.#token.kind === "identifier") {
      return { ...base, form: "single", tests: [this.#testLike("a test", depth + 1)] };
    }
    if (this.#token.kind !== "(") return { ...base, form: "none", tests: [] };
    const tests: TestNode[] = [];
    do {
      this.#advance();
      tests.push(this.#testLike("a test", depth + 1));
    } while (this.#is(","));
    if (!this.#is(")")) this.#lose("`,` or `)`");
    this.#advance();
    return { ...base, form: "list", tests };
  }

  #arguments(): ArgumentNode[] {
    const args: ArgumentNode[] = [];
    while (true) {
      const token = this.#token;
      if (token.kind === "string") args.push({ kind: "string", at: token.at, value: token.text });
      else if (token.kind === "number") args.push({ kind: "number", at: token.at, value: token.value });
      else if (token.kind === "tag") args.push({ kind: "tag", at: token.at, name: token.text });
      else if (token.kind === "[") {
        args.push({ kind: "list", at: token.at, items: this.#list() });
        continue;
      } else return args;
      this.#advance();
    }
  }

  #list(): StringNode[] {
    const items: StringNode[] = [];
    do {
      this.#advance();
      const token = this.#token;
      if (token.kind !== "string") return this.#lose("a string");
      items.push({ kind: "string", at: token.at, value: token.text });
      this.#advance();
    } while (this.#is(","));
    if (!this.#is("]")) this.#lose("`,` or `]`");
    this.#advance();
    return items;
  }

  #is(kind: Token["kind"]): boolean {
    return this.#token.kind === kind;
  }

  #advance(): void {
    this.#token = this.#lexer.next();
  }

  #lose(expected: string): never {
    const token = this.#token;
    const found = token.kind === "string"
      ? JSON.stringify(token.text)
      : token.kind === "tag"
      ? ":" + token.text
      : token.text;
    const what = token.kind === "end" ? "The script ends here" : "This does not belong here";
    this.#errors.add(token.at, `${what}: ${expected} should follow.`, found, expected);
    throw new Lost();
  }

  /** To where a command may end: a semicolon, or a brace. */
  #recover(): void {
    while (![";", "{", "}", "end"].includes(this.#token.kind)) this.#advance();
  }

  /** Over a block that is not looked into. */
  #skipBlock(): void {
    let depth = 0;
    do {
      if (this.#token.kind === "{") depth++;
      if (this.#token.kind === "}") depth--;
      this.#advance();
    } while (depth > 0 && this.#token.kind !== "end");
  }
}
