/** What may stand in rules: everything that a script could not say, or not read back, is named with its place. */
import type { FilterRule, OpaqueRule, PlainRule, RuleAction, RuleCondition, RuleProblem } from "../../contract/mod.ts";
import type { ValueRule } from "../check/spec.ts";
import { ADDRESS, HEADER_NAME, MAILBOX } from "../check/values.ts";
import { SIEVE_EXTENSIONS } from "../language.ts";
import { SIEVE_LIMITS } from "../limits.ts";
import { checkSieve, formatSieveError } from "../parse.ts";
import { parseCommands } from "../syntax/parser.ts";
import { ErrorList } from "../syntax/tree.ts";
import { RULE_LIMITS } from "./limits.ts";
import { requireLine } from "./quote.ts";
import { hasMarkers } from "./segments.ts";

/** Extensions that give `${` in a string a meaning (RFC 5229 section 3, RFC 5228 section 2.4.2.4). */
export const EXPANDING: readonly string[] = ["variables", "encoded-character", "ihave"];

type Say = (path: string, reason: string) => void;

/** All that is wrong; none: it can be written. */
export function checkRules(rules: readonly FilterRule[]): readonly RuleProblem[] {
  const problems: RuleProblem[] = [];
  const say: Say = (path, reason) => problems.length < 100 && problems.push({ path, reason });
  if (rules.length > RULE_LIMITS.rules) say("rules", `There are more than ${RULE_LIMITS.rules}.`);
  const expanding = rules.some((rule) => "sieve" in rule && rule.requires.some((name) => EXPANDING.includes(name)));
  for (const [index, rule] of rules.slice(0, RULE_LIMITS.rules).entries()) {
    const at = `rules.${index}`;
    line(rule.name, `${at}.name`, say);
    if ("sieve" in rule) checkOpaque(rule, at, say);
    else {
      checkPlain(rule, at, say);
      if (expanding && JSON.stringify([rule.conditions, rule.actions]).includes("${")) {
        say(at, "A `${` would mean something else beside a rule that requires variables or encoded-character.");
      }
    }
  }
  return problems;
}

function checkPlain(rule: PlainRule, at: string, say: Say): void {
  const { conditions, actions } = rule;
  if (conditions.length > RULE_LIMITS.conditions) {
    say(`${at}.conditions`, `There are more than ${RULE_LIMITS.conditions}.`);
  }
  if (actions.length === 0) say(`${at}.actions`, "A rule has at least one action.");
  if (actions.length > RULE_LIMITS.actions) say(`${at}.actions`, `There are more than ${RULE_LIMITS.actions}.`);
  for (const [index, condition] of conditions.slice(0, RULE_LIMITS.conditions).entries()) {
    checkCondition(condition, `${at}.conditions.${index}`, say);
  }
  for (const [index, action] of actions.slice(0, RULE_LIMITS.actions).entries()) {
    checkAction(action, `${at}.actions.${index}`, say);
  }
  // RFC 5429 section 2.2: a refused message is not delivered as well, and gets no other answer.
  const refused = actions.some((action) => action.do === "reject");
  const other = actions.find(({ do: what }) => !["reject", "discard", "stop", "flag", "markRead"].includes(what));
  if (refused && other) say(`${at}.actions`, `A message cannot be rejected and have "${other.do}", too.`);
  if (actions.filter((action) => action.do === "reject").length > 1) say(`${at}.actions`, "It is rejected twice.");
  if (actions.filter((action) => action.do === "reply").length > 1) say(`${at}.actions`, "It is answered twice.");
}

function checkCondition(condition: RuleCondition, at: string, say: Say): void {
  if ("values" in condition) list(condition.values, `${at}.values`, 1, say, line);
  if ("headers" in condition) list(condition.headers, `${at}.headers`, 1, say, ruled(HEADER_NAME));
  if (condition.test === "duplicate") {
    const { max } = SIEVE_LIMITS.duplicateSeconds;
    if (!(Number.isSafeInteger(condition.seconds) && condition.seconds >= 1 && condition.seconds <= max)) {
      say(`${at}.seconds`, `This should be a number of seconds from 1 to ${max}.`);
    }
  }
  if (condition.test === "size" && !(Number.isSafeInteger(condition.octets) && condition.octets >= 0)) {
    say(`${at}.octets`, "This should be a number of octets.");
  }
}

function checkAction(action: RuleAction, at: string, say: Say): void {
  switch (action.do) {
    case "move":
    case "copy":
      return ruled(MAILBOX)(action.mailbox, `${at}.mailbox`, say);
    case "flag":
      return list(action.flags, `${at}.flags`, 1, say, isFlag);
    case "forward":
      return ruled(ADDRESS)(action.address, `${at}.address`, say);
    case "deliver":
      if (!/^([a-z]{1,10}:)?[A-Za-z0-9_.-]{1,64}$/.test(action.to)) {
        say(`${at}.to`, "This should be a name, as learn or maildir:home.");
      }
      return;
    case "reject":
      return text(action.text, `${at}.text`, say);
    case "reply":
      text(action.text, `${at}.text`, say);
      if (action.subject !== null) line(action.subject, `${at}.subject`, say);
      if (action.from !== null) ruled(ADDRESS)(action.from, `${at}.from`, say);
      list(action.addresses, `${at}.addresses`, 0, say, ruled(ADDRESS));
      if (action.days !== null && !(Number.isSafeInteger(action.days) && action.days >= 1 && action.days <= 365)) {
        say(`${at}.days`, "This should be a number of days from 1 to 365.");
      }
  }
}

/** It has to stand by itself, so that nothing of it reaches into what comes before or behind. */
function checkOpaque({ sieve, requires }: OpaqueRule, at: string, say: Say): void {
  const unknown = requires.filter((name) => !SIEVE_EXTENSIONS.includes(name));
  if (unknown.length > 0) {
    return say(`${at}.requires`, `There is no extension ${JSON.stringify(unknown[0]?.slice(0, 80))} here.`);
  }
  if (!sieve.isWellFormed() || sieve.includes("\0")) {
    return say(`${at}.sieve`, "It has characters that no script can have.");
  }
  const errors = new ErrorList(1);
  const commands = parseCommands(`\n${sieve}\n`, SIEVE_LIMITS, errors);
  if (commands.some(({ name }) => name === "require")) {
    return say(`${at}.sieve`, "What it requires goes in `requires`.");
  }
  const [first] = checkSieve(`${requireLine(requires)}\n${sieve}\n`);
  if (first) return say(`${at}.sieve`, formatSieveError({ ...first, line: first.line - 1 }));
  if (hasMarkers(sieve)) say(`${at}.sieve`, "A comment `# rule:[…]` begins another rule.");
}

function list(values: readonly string[], at: string, least: number, say: Say, each: Check): void {
  if (values.length < least) say(at, "There should be at least one.");
  if (values.length > RULE_LIMITS.values) say(at, `There are more than ${RULE_LIMITS.values}.`);
  for (const [index, value] of values.slice(0, RULE_LIMITS.values).entries()) each(value, `${at}.${index}`, say);
}

type Check = (value: string, at: string, say: Say) => void;

/** One line: it may come to stand in a comment, which a line end would end. */
function line(value: string, at: string, say: Say): void {
  if (value.length > RULE_LIMITS.value) say(at, `It is longer than ${RULE_LIMITS.value} characters.`);
  else if (!value.isWellFormed() || /[^\P{Cc}\t]|[\u2028\u2029]/u.test(value)) {
    say(at, "It has control characters or half characters.");
  }
}

function text(value: string, at: string, say: Say): void {
  if (value.length > RULE_LIMITS.text) say(at, `It is longer than ${RULE_LIMITS.text} characters.`);
  else if (!value.isWellFormed() || /[^\P{Cc}\t\r\n]/u.test(value)) {
    say(at, "It has control characters or half characters.");
  }
}

const ruled = (rule: ValueRule): Check => (value, at, say) => {
  const expected = rule.holds(value) ? null : rule.expected;
  if (expected === null) return line(value, at, say);
  say(at, `This should be ${expected}.`);
};

/** RFC 5232 section 2: a blank would make two of it. RFC 9051 section 9, flag. */
function isFlag(value: string, at: string, say: Say): void {
  if (/^(?:\\(?:Seen|Flagged|Answered|Deleted|Draft)|[!#$&'+-Z^-z|}~]{1,100})$/.test(value)) return;
  say(at, "This should be a flag, as \\Flagged, or a keyword, as $Work.");
}
