/** A filter of maildrop (`.mailfilter`) as Sieve: the statements that people have, the rest is told with its line. */
import { quote } from "../rules/quote.ts";
import { mailPlace } from "./folder_name.ts";
import { patternTest } from "./header_pattern.ts";
import { CannotSay, IMPORT_LIMITS, type ImportedScript, readable, ScriptLines } from "./imported.ts";
import { type MaildropToken, maildropTokens } from "./maildrop_tokens.ts";
import { pipeCommands } from "./pipe_command.ts";

/** Translates it. */
export function importMaildrop(text: string): ImportedScript {
  const out = new ScriptLines();
  out.add(0, "# From maildrop's filter. Folders are made where they are missing.");
  new MaildropReader(text.slice(0, IMPORT_LIMITS.size), out).all();
  return out.written();
}

class MaildropReader {
  readonly #source: readonly string[];
  readonly #tokens: readonly MaildropToken[];
  readonly #out: ScriptLines;
  readonly #variables = new Map<string, string>([["HOME", "$HOME"], ["DEFAULT", "$DEFAULT"]]);
  #at = 0;

  constructor(text: string, out: ScriptLines) {
    this.#source = text.split(/\r?\n/);
    this.#tokens = maildropTokens(text, IMPORT_LIMITS.statements * 20);
    this.#out = out;
  }

  all(): void {
    while (this.#at < this.#tokens.length - 1) {
      this.#statements(0);
      this.#at++; // a bracket too many
    }
  }

  get #token(): MaildropToken {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]!;
  }

  #isSign(text: string): boolean {
    return this.#token.kind === "sign" && this.#token.text === text;
  }

  #take(text: string): boolean {
    const found = this.#token.kind !== "string" && this.#token.kind !== "end" && this.#token.text === text;
    if (found) this.#at++;
    return found;
  }

  #statements(depth: number): void {
    while (this.#token.kind !== "end" && !this.#isSign("}")) this.#statement(depth);
  }

  /** One that cannot be said is passed over to its end. */
  #statement(depth: number): void {
    const start = this.#at;
    const { line } = this.#token;
    if (this.#take(";")) return;
    try {
      if (this.#token.kind === "word" && this.#token.text === "if") return this.#if(depth);
      for (const one of this.#simple()) this.#out.add(depth, one);
    } catch (error) {
      if (!(error instanceof CannotSay)) throw error;
      this.#at = start;
      this.#skip();
      const last = this.#tokens[Math.max(start, this.#at - 1)]!.line;
      const text = this.#source.slice(line - 1, Math.max(line, last)).join("\n");
      this.#out.leave(depth, line, text, error.message);
    }
  }

  /** `if (…) { … } elsif (…) { … } else { … }`. All conditions must be said, else none is. */
  #if(depth: number): void {
    if (depth >= IMPORT_LIMITS.nesting) throw new CannotSay("blocks in one another, too deep");
    const heads: { readonly word: string; readonly at: number }[] = [];
    let word = "if";
    for (;;) {
      this.#at++;
      let head = word;
      if (word !== "else") head += ` ${this.#condition(0)}`;
      heads.push({ word: head, at: this.#at });
      this.#skipBody();
      if (this.#token.kind === "word" && /^(elsif|else)$/.test(this.#token.text) && word !== "else") {
        word = this.#token.text;
      } else break;
    }
    const end = this.#at;
    for (const head of heads) {
      this.#out.add(depth, `${head.word} {`);
      this.#at = head.at;
      if (this.#take("{")) this.#statements(depth + 1);
      else this.#statement(depth + 1);
      this.#out.add(depth, "}");
    }
    this.#at = end;
  }

  #condition(nesting: number): string {
    if (!this.#take("(")) throw new CannotSay("a condition without brackets");
    const test = nesting === 0 ? readable(this.#either(nesting), this.#out.needs) : this.#either(nesting);
    if (!this.#take(")")) throw new CannotSay("a condition of another kind");
    return test;
  }

  #either(nesting: number): string {
    const tests = [this.#both(nesting)];
    while (this.#take("||")) tests.push(this.#both(nesting));
    return tests.length === 1 ? tests[0]! : `anyof (${tests.join(", ")})`;
  }

  #both(nesting: number): string {
    const tests = [this.#test(nesting)];
    while (this.#take("&&")) tests.push(this.#test(nesting));
    return tests.length === 1 ? tests[0]! : `allof (${tests.join(", ")})`;
  }

  #test(nesting: number): string {
    if (nesting > IMPORT_LIMITS.nesting) throw new CannotSay("brackets in one another, too deep");
    if (this.#take("!")) return `not ${this.#test(nesting + 1)}`;
    if (this.#isSign("(")) return this.#condition(nesting + 1);
    const { kind, text, flags } = this.#token;
    const { needs } = this.#out;
    if (kind === "pattern") {
      this.#at++;
      if (/[^bhwD]/.test(flags)) throw new CannotSay("a pattern that counts");
      const filled = this.#filled(text, true);
      const use = { caseMatters: flags.includes("D"), needs };
      const inHeader = () => patternTest(filled, { ...use, where: "header" });
      const inBody = () => patternTest(filled, { ...use, where: "body" });
      return flags.includes("w") ? `anyof (${inHeader()}, ${inBody()})` : flags.includes("b") ? inBody() : inHeader();
    }
    if (kind === "word" && text === "$SIZE") {
      this.#at++;
      const sign = this.#token.text;
      this.#at++;
      const limit = this.#token.text;
      if (!/^[<>]$/.test(sign) || !/^\d{1,10}$/.test(limit)) throw new CannotSay("a comparison of another kind");
      this.#at++;
      return `size ${sign === ">" ? ":over" : ":under"} ${Number(limit)}`;
    }
    if (kind === "word" && text === "hasaddr") {
      this.#at++;
      if (!this.#take("(")) throw new CannotSay("hasaddr without an address");
      const address = this.#filled(this.#token.text, false);
      this.#at++;
      if (!this.#take(")")) throw new CannotSay("hasaddr with more than an address");
      return `address :is ["to", "cc", "resent-to", "resent-cc"] ${quote(address)}`;
    }
    throw new CannotSay(kind === "backtick" ? "it asks a program" : `${text.slice(0, 40)} in a condition`);
  }

  #simple(): readonly string[] {
    const { kind, text } = this.#token;
    if (kind !== "word") throw new CannotSay("this is no statement that is known");
    this.#at++;
    if (this.#isSign("=")) {
      this.#at++;
      const value = this.#token;
      this.#at++;
      if (value.kind === "backtick") throw new CannotSay("it asks a program");
      this.#variables.set(text, this.#filled(value.text, false));
      return [];
    }
    if (text === "to" || text === "cc") return this.#deliver(text === "cc");
    if (text === "exit") {
      // Its manual: it ends without delivering the message to anyone.
      if (this.#out.untranslated.length === 0) return ["discard;", "stop;"];
      throw new CannotSay("it drops the message, which may have been delivered by what is not translated");
    }
    if (text === "log" || text === "logfile") {
      this.#at++;
      return [];
    }
    throw new CannotSay(REASONS[text] ?? `${text.slice(0, 40)} has no counterpart`);
  }

  #deliver(copy: boolean): readonly string[] {
    const { kind, text } = this.#token;
    if (kind !== "string" && kind !== "word") throw new CannotSay("a place that is not known beforehand");
    const target = this.#filled(text, false).trim();
    this.#at++;
    const { needs } = this.#out;
    const tag = copy ? " :copy" : "";
    if (copy) needs.add("copy");
    const end = copy ? [] : ["stop;"];
    const send = (words: string): string[] =>
      words.trim().split(/[\s,]+/).map((word) => {
        if (!/^[^\s@"'`$()<>]+@[A-Za-z0-9.-]+$/.test(word)) throw new CannotSay(`${word.slice(0, 60)} is no address`);
        return `redirect${tag} ${quote(word)};`;
      });
    if (target.startsWith("!")) return [...send(target.slice(1)), ...end];
    if (target.startsWith("|")) {
      const piped = pipeCommands(target.slice(1).trim(), "", needs);
      if ("to" in piped) return [...send(piped.to), ...end];
      throw new CannotSay("it runs a program");
    }
    const place = mailPlace(target, "$HOME/Maildir");
    if (place === "nowhere") return copy ? [] : ["discard;", "stop;"];
    if (place === "inbox") return copy ? ["keep;"] : ["keep;", "stop;"];
    needs.add("fileinto").add("mailbox");
    return [`fileinto${tag} :create ${quote(place.mailbox)};`, ...end];
  }

  #filled(text: string, inPattern: boolean): string {
    return text.replace(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g, (_, braced, plain) => {
      const name = (braced ?? plain) as string;
      const value = this.#variables.get(name);
      if (value === undefined) throw new CannotSay(`the variable ${name} is not known beforehand`);
      return inPattern ? value.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&") : value;
    });
  }

  /** To the end of a statement: its line, or its block. */
  #skip(): void {
    const { text, kind, line } = this.#token;
    this.#at++;
    if (kind === "word" && /^(if|while|foreach|exception|dotlock|flock)$/.test(text)) {
      if (this.#isSign("(")) this.#skipTo("(", ")");
      else if (text !== "exception") this.#at++;
      this.#skipBody();
      while (this.#token.kind === "word" && /^(elsif|else)$/.test(this.#token.text)) {
        this.#at++;
        if (this.#isSign("(")) this.#skipTo("(", ")");
        this.#skipBody();
      }
      return;
    }
    while (this.#token.kind !== "end" && this.#token.line === line && !this.#isSign("}")) {
      if (this.#take(";")) return;
      this.#at++;
    }
  }

  /** A block, or one statement. */
  #skipBody(): void {
    if (this.#isSign("{")) this.#skipTo("{", "}");
    else this.#skip();
  }

  #skipTo(open: string, close: string): void {
    let depth = 0;
    for (; this.#token.kind !== "end"; this.#at++) {
      if (this.#isSign(open)) depth++;
      else if (this.#isSign(close) && --depth <= 0) {
        this.#at++;
        return;
      }
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  xfilter: "it runs a program",
  system: "it runs a program",
  include: "another file is read here: import it by itself",
  exception: "what happens where a delivery fails is the server's business",
  dotlock: "mailboxes need no locks here",
  flock: "mailboxes need no locks here",
  foreach: "loops have no counterpart",
  while: "loops have no counterpart",
};
