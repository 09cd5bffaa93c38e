/** Rules as a script that people can read, in the shape that Roundcube's managesieve plugin writes and reads. */
import type { FilterRule, PlainRule, RuleAction, RuleCondition, RuleProblem } from "../../contract/mod.ts";
import { checkRules } from "./check_rules.ts";
import { quote, quoteList, requireLine, withoutLineEnds } from "./quote.ts";

/**
 * The script of rules, or all that is wrong with them. `readRules` reads it back.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readRules } from "./read_rules.ts";
 * import { writeRules } from "./write_rules.ts";
 * const written = writeRules([{
 *   name: "Lists",
 *   enabled: true,
 *   match: "any",
 *   conditions: [{ test: "list", match: "is", values: ["deno.example.org"], not: false }],
 *   actions: [{ do: "move", mailbox: "Lists/Deno", create: true }, { do: "stop" }],
 * }]);
 * assert("script" in written && readRules(written.script)[0]?.name === "Lists");
 * ```
 */
export function writeRules(
  rules: readonly FilterRule[],
): { readonly script: string } | { readonly problems: readonly RuleProblem[] } {
  const problems = checkRules(rules);
  if (problems.length > 0) return { problems };
  const needs = new Set<string>();
  const parts = rules.map((rule) => {
    const marker = `# rule:[${rule.name}]\n`;
    if (!("sieve" in rule)) return marker + writePlain(rule, needs);
    for (const name of rule.requires) needs.add(name);
    return `${marker}${rule.sieve.trim()}\n`;
  });
  const head = requireLine(needs);
  return { script: (head === "" ? "" : head + "\n") + parts.join("") };
}

/** A rule that is not enabled has its test in a comment behind `false`, all in one line, as Roundcube has it. */
function writePlain(rule: PlainRule, needs: Set<string>): string {
  const tests = rule.conditions.map((condition) => writeCondition(condition, needs));
  const test = tests.length === 0
    ? "true"
    : tests.length === 1 && rule.match === "all"
    ? tests[0]!
    : `${rule.match}of (${tests.join(", ")})`;
  const actions = inOrder(rule.actions).map((action) => `\t${writeAction(action, needs)};\n`);
  return `if ${rule.enabled ? "" : "false # "}${test}\n{\n${actions.join("")}}\n`;
}

/** RFC 5232 section 5: what files a message takes the flags that were set before. */
function inOrder(actions: readonly RuleAction[]): readonly RuleAction[] {
  const flags = (action: RuleAction) => action.do === "flag" || action.do === "markRead";
  return [...actions.filter(flags), ...actions.filter((action) => !flags(action))];
}

const HEADERS: Readonly<Record<"from" | "to" | "subject" | "list", readonly string[]>> = {
  from: ["from"],
  to: ["to", "cc"],
  subject: ["subject"],
  list: ["list-id"],
};

function writeCondition(condition: RuleCondition, needs: Set<string>): string {
  return (condition.not ? "not " : "") + writeTest(condition, needs);
}

function writeTest(condition: RuleCondition, needs: Set<string>): string {
  switch (condition.test) {
    case "exists":
      return `exists ${quoteList(condition.headers)}`;
    case "body":
      needs.add("body");
      return `body :text :contains ${quoteList(condition.values)}`;
    case "size":
      return `size :${condition.over ? "over" : "under"} ${amount(condition.octets)}`;
    case "attachment":
      needs.add("mime"); // RFC 5703 section 4.1: `:type` is the disposition without its parameters
      return `header :mime :anychild :type :is "content-disposition" "attachment"`;
    case "duplicate":
      needs.add("duplicate");
      return `duplicate :seconds ${condition.seconds}`;
    case "header":
      return `header :${condition.match} ${quoteList(condition.headers)} ${quoteList(condition.values)}`;
  }
  const { test, match, values } = condition;
  const headers = quoteList(HEADERS[test]);
  if (match === "is" && (test === "from" || test === "to")) return `address :is ${headers} ${quoteList(values)}`;
  if (match === "is" && test === "list") { // RFC 2919 section 3: the id is in angle brackets, behind a text
    return `header :contains ${headers} ${quoteList(values.map((value) => `<${value}>`))}`;
  }
  return `header :${match} ${headers} ${quoteList(values)}`;
}

/** RFC 5228 section 2.4.1: K, M and G are powers of 1024. */
function amount(octets: number): string {
  for (const [unit, size] of [["G", 2 ** 30], ["M", 2 ** 20], ["K", 2 ** 10]] as const) {
    if (octets > 0 && octets % size === 0) return `${octets / size}${unit}`;
  }
  return String(octets);
}

function writeAction(action: RuleAction, needs: Set<string>): string {
  const need = (name: string): string => {
    needs.add(name);
    return "";
  };
  switch (action.do) {
    case "move":
    case "copy": {
      need("fileinto");
      const copy = action.do === "copy" ? need("copy") + ":copy " : "";
      const create = action.create ? need("mailbox") + ":create " : "";
      return `fileinto ${copy}${create}${quote(action.mailbox)}`;
    }
    case "flag":
      return `${need("imap4flags")}addflag ${quoteList(action.flags)}`;
    case "markRead":
      return `${need("imap4flags")}addflag "\\\\Seen"`;
    case "forward":
      return `redirect ${action.keep ? need("copy") + ":copy " : ""}${quote(action.address)}`;
    case "deliver":
      need("vnd.dovecot.pipe");
      return `pipe ${action.keep ? need("copy") + ":copy " : ""}${quote(action.to)}`;
    case "reply": {
      need("vacation");
      const days = action.days === null ? "" : `:days ${action.days} `;
      const addresses = action.addresses.length === 0 ? "" : `:addresses ${quoteList(action.addresses)} `;
      const subject = action.subject === null ? "" : `:subject ${quote(action.subject)} `;
      const from = action.from === null ? "" : `:from ${quote(action.from)} `;
      return `vacation ${days}${addresses}${subject}${from}${quote(withoutLineEnds(action.text))}`;
    }
    case "reject": {
      const name = action.early ? "ereject" : "reject";
      return `${need(name)}${name} ${quote(withoutLineEnds(action.text))}`;
    }
    default:
      return action.do;
  }
}
