/**
 * Patterns over the text of a header, as procmail and maildrop have them (`^Subject:.*offer`), as tests of Sieve, which
 * look at one field at a time.
 */
import { quote, quoteList } from "../rules/quote.ts";
import { CannotSay, IMPORT_LIMITS } from "./imported.ts";

/** How a pattern is meant. */
export interface PatternUse {
  readonly where: "header" | "body";
  readonly caseMatters: boolean;
  readonly needs: Set<string>;
}

const TO = ["To", "Cc", "Bcc"].flatMap((
  name,
) => [name, `Resent-${name}`, `Original-${name}`, `Original-Resent-${name}`])
  .concat("X-Envelope-To", "Apparently-To", "Apparently-Resent-To");
const FROM = ["From", "Sender", "Resent-From", "Resent-Sender", "X-Envelope-From"];

/** What the manual of procmail says that these stand for: names of programs, alone or before a domain. */
const robots = (names: string): string =>
  `^([^>]*[^(.%@a-z0-9])?(${names})(([^).!:a-z0-9][-_a-z0-9]*)?[%@>\t ][^<)]*(\\(.*\\).*)?)?$`;
const DAEMONS = robots(
  "Post(ma?(st(e?r)?|n)|office)|(send)?Mail(er)?|daemon|m(mdf|ajordomo)|n?uucp|LIST(SERV|proc)|NETSERV|o(wner|ps)|" +
    "r(e(quest|sponse)|oot)|b(ounce|bs\\.smtp)|echo|mirror|s(erv(ices?|er)|mtp(error)?|ystem)|" +
    "A(dmin(istrator)?|MMGR|utoanswer)",
);
const MAILERS = robots(
  "Post(ma(st(er)?|n)|office)|(send)?Mail(er)?|daemon|mmdf|n?uucp|ops|r(esponse|oot)|(bbs\\.)?smtp(error)?|" +
    "s(erv(ices?|er)|ystem)|A(dmin(istrator)?|MMGR)",
);

/** A test. @throws CannotSay */
export function patternTest(pattern: string, use: PatternUse): string {
  if (pattern.length > IMPORT_LIMITS.pattern) throw new CannotSay("the pattern is too long");
  if (pattern.includes("^^")) throw new CannotSay("^^ is the start or the end of the whole text");
  if (use.where === "body") return bodyTest(pattern, use);
  const tests = alternatives(pattern).map((one) => headerTest(one, use));
  return tests.length === 1 ? tests[0]! : `anyof (${tests.join(", ")})`;
}

/** What `|` parts outside of brackets; a group around all is taken off. */
function alternatives(pattern: string): string[] {
  const parts = split(pattern);
  if (parts.length > 1) return parts.flatMap(alternatives);
  const inner = /^\(([^]*)\)$/.exec(pattern)?.[1];
  // `(a)(b)` is no group around all.
  return inner !== undefined && isBalanced(inner) && inner.includes("^") ? alternatives(inner) : [pattern];
}

function split(pattern: string): string[] {
  const parts = [""];
  let depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    let piece = char;
    if (char === "\\") piece += pattern[++i] ?? "";
    else if (char === "[") {
      const end = bracketEnd(pattern, i);
      piece = pattern.slice(i, end);
      i = end - 1;
    } else if (char === "(") depth++;
    else if (char === ")") depth--;
    if (char === "|" && depth === 0) parts.push("");
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

function isBalanced(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "[") i = bracketEnd(text, i) - 1;
    else if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth < 0) return false;
  }
  return depth === 0;
}

/** Behind a bracket expression: a `]` that comes first is one of its characters. */
function bracketEnd(text: string, start: number): number {
  let at = start + 1;
  if (text[at] === "^") at++;
  if (text[at] === "]") at++;
  const end = text.indexOf("]", at);
  return end < 0 ? text.length : end + 1;
}

function headerTest(pattern: string, use: PatternUse): string {
  const to = /^\^TO(_?)([^]*)$/.exec(pattern);
  if (to) {
    const before = to[1] === "_" ? "(^|[^-a-zA-Z0-9_.])" : "(^|[^a-zA-Z])";
    return compare(TO, before, to[2]!, use);
  }
  if (/^\^FROM_(DAEMON|MAILER)/.test(pattern)) {
    if (!/^\^FROM_(DAEMON|MAILER)$/.test(pattern)) throw new CannotSay("the pattern goes on behind ^FROM_DAEMON");
    if (use.caseMatters) throw new CannotSay("^FROM_DAEMON where the case of letters counts");
    const isMailer = pattern === "^FROM_MAILER";
    use.needs.add("regex").add("envelope");
    const robot = quote(isMailer ? MAILERS : DAEMONS);
    const tests = [
      'envelope :is "from" ""', // in a mailbox file's From line that is MAILER-DAEMON
      `envelope :regex "from" ${robot}`,
      `header :regex ${quoteList(FROM)} ${robot}`,
    ];
    if (!isMailer) {
      tests.push(`header :regex "Precedence" "(junk|bulk|list)"`, 'exists "Mailing-List"');
      tests.push(`header :regex "To" "^Multiple recipients of "`);
    }
    return `anyof (${tests.join(", ")})`;
  }
  const envelope = /^\^From (?![:?*])(?:\.\*)?([^]*)$/.exec(pattern);
  if (envelope) {
    use.needs.add("envelope");
    return compareWith("envelope", ["from"], "", envelope[1]!, use);
  }
  const named = /^\^(?:\(([A-Za-z0-9|()?-]+)\)|([A-Za-z0-9-]+)):([^]*)$/.exec(pattern);
  if (!named) throw new CannotSay("the pattern is not about a field that it names: ^Name:");
  const names = named[2] !== undefined ? [named[2]] : named[1]!.split("|");
  if (names.some((name) => !/^[A-Za-z0-9-]+$/.test(name))) throw new CannotSay("the name of the field is a pattern");
  return valueTest(names, named[3]!, use);
}

/** What stands behind the colon. A value here has no blank before it. */
function valueTest(names: readonly string[], rest: string, use: PatternUse): string {
  if (rest === "" || rest === ".*") return names.map((name) => `exists ${quote(name)}`).reduce(either);
  if (rest.startsWith(".*")) return compare(names, "", rest.slice(2), use);
  const value = rest.replace(/^(?:\[\s+\]|\[\s*\\t\s*\]|\\s|\s)[*+?]?/, "");
  return compare(names, "^", value.startsWith(".*") ? value.slice(2) : value, use, value.startsWith(".*"));
}

const either = (a: string, b: string): string => `anyof (${a}, ${b})`;

function compare(names: readonly string[], before: string, pattern: string, use: PatternUse, loose = false): string {
  return compareWith("header", names, loose ? "" : before, pattern, use);
}

function compareWith(
  test: "header" | "envelope",
  names: readonly string[],
  before: string,
  pattern: string,
  use: PatternUse,
): string {
  const octet = use.caseMatters ? ' :comparator "i;octet"' : "";
  const literal = literalOf(pattern);
  const field = quoteList(names);
  if (literal !== null && before === "") return `${test}${octet} :contains ${field} ${quote(literal)}`;
  const whole = pattern.endsWith("$") && !pattern.endsWith("\\$") ? literalOf(pattern.slice(0, -1)) : null;
  if (whole !== null && before === "^") return `${test}${octet} :is ${field} ${quote(whole)}`;
  use.needs.add("regex");
  return `${test}${octet} :regex ${field} ${quote(before + posix(pattern, use))}`;
}

function bodyTest(pattern: string, use: PatternUse): string {
  use.needs.add("body");
  if (/\^(TO|FROM_)/.test(pattern)) throw new CannotSay("it looks for fields in the body");
  const octet = use.caseMatters ? ' :comparator "i;octet"' : "";
  const literal = literalOf(pattern);
  if (literal !== null) return `body${octet} :text :contains ${quote(literal)}`;
  use.needs.add("regex");
  return `body${octet} :text :regex ${quote(posix(pattern, use))}`;
}

/** The text that a pattern stands for where it has no signs of a pattern, else null. */
function literalOf(pattern: string): string | null {
  let out = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === "\\") {
      const next = pattern[++i];
      if (next === undefined || /[A-Za-z0-9<>/]/.test(next)) return null;
      out += next;
    } else if ("^$.*+?()[]{}|".includes(char)) return null;
    else out += char;
  }
  return out;
}

/** The signs of egrep as Sieve's are: words have edges, and in a body lines have. */
function posix(pattern: string, { where }: PatternUse): string {
  let out = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === "[") {
      const end = bracketEnd(pattern, i);
      const bracket = pattern.slice(i, end);
      // A line ends what is not this or that, too.
      out += where === "body" && bracket.startsWith("[^") ? `[^\r\n${bracket.slice(2)}` : bracket;
      i = end - 1;
    } else if (where === "body" && char === ".") out += "[^\r\n]";
    else if (char === "\\") {
      const next = pattern[++i] ?? "";
      if (next === "<") out += "(^|[^A-Za-z0-9_])";
      else if (next === ">") out += "($|[^A-Za-z0-9_])";
      else if (next === "/") continue; // where MATCH begins
      else if (next === "s") out += "[ \t]";
      else if (next === "d") out += "[0-9]";
      else if (next === "w") out += "[A-Za-z0-9_]";
      else if (/[A-Za-z0-9]/.test(next)) throw new CannotSay(`\\${next} in a pattern`);
      else out += `\\${next}`;
    } else if (where === "body" && char === "^") out += "(^|\n)";
    else if (where === "body" && char === "$") out += "(\r?\n|$)";
    else if (char === "!" && pattern[i - 1] === "\n") throw new CannotSay("a pattern of several lines");
    else out += char;
  }
  return out;
}
