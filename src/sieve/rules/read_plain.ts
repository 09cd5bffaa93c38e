/** One piece of a script as a rule, or null where a rule does not say all of it. */
import type { PlainRule, RuleAction, RuleCondition, RuleMatch } from "../../contract/mod.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { SIEVE_LIMITS } from "../limits.ts";
import { parseCommands } from "../syntax/parser.ts";
import { type CommandNode, ErrorList, type TestNode } from "../syntax/tree.ts";
import { RULE_LIMITS } from "./limits.ts";
import { withoutLineEnds } from "./quote.ts";
import { argumentsOf, type RuleArguments } from "./rule_arguments.ts";
import { commentsOf, type Segment } from "./segments.ts";

/** Comments that are no marker would be lost in a rule: it stays a text. */
export function readPlain({ name, text }: Segment): PlainRule | null {
  const comments = commentsOf(text);
  if (comments.length === 0) return readText(name, true, text);
  // Roundcube's rule that is not enabled: `if false # test`, and the block on the next line
  const [comment] = comments;
  if (comments.length > 1 || !comment?.text.startsWith("# ")) return null;
  if (!/^if[ \t]+false[ \t]+$/i.test(text.slice(0, comment.start))) return null;
  const behind = text.slice(comment.start + comment.text.length);
  return readText(name, false, `if ${comment.text.slice(2)}${behind}`);
}

function readText(name: string, enabled: boolean, text: string): PlainRule | null {
  const errors = new ErrorList(1);
  const commands = parseCommands(text, SIEVE_LIMITS, errors);
  if (errors.errors.length > 0 || commentsOf(text).length > 0) return null;
  const [first] = commands;
  const wrapped = first?.name === "if";
  if (wrapped && commands.length > 1) return null;
  if (wrapped && (first.args.length > 0 || first.form !== "single" || first.block === null)) return null;
  const tests = wrapped ? readTests(first.tests[0]!) : { match: "all" as const, conditions: [] };
  const actions = (wrapped ? first.block ?? [] : commands).map(readAction);
  if (tests === null || actions.length === 0) return null;
  const known = actions.filter((action) => action !== null);
  if (known.length < actions.length || !flagsFirst(known)) return null;
  return { name, enabled, ...tests, actions: known };
}

/** Flags behind a filing have no part in it; a rule would put them before. */
function flagsFirst(actions: readonly RuleAction[]): boolean {
  const flags = actions.map((action) => action.do === "flag" || action.do === "markRead");
  return !flags.includes(false) || !flags.slice(flags.indexOf(false)).includes(true);
}

function readTests(test: TestNode): Pick<PlainRule, "match" | "conditions"> | null {
  if (test.name === "true") return { match: "all", conditions: [] };
  const several = test.name === "allof" || test.name === "anyof";
  const tests = several ? test.tests : [test];
  if (tests.length > RULE_LIMITS.conditions) return null;
  const conditions = tests.map((one) => readCondition(one)).filter((condition) => condition !== null);
  if (conditions.length < tests.length) return null;
  return { match: test.name === "anyof" ? "any" : "all", conditions };
}

function readCondition(test: TestNode): RuleCondition | null {
  const not = test.name === "not";
  const inner = not ? test.tests[0] : test;
  const found = inner === undefined || inner.tests.length > 0 ? null : readTest(inner);
  return found === null ? null : { ...found, not };
}

function readTest(test: TestNode): RuleCondition | null {
  switch (test.name) {
    case "size":
      return readSize(argumentsOf(test, ["over", "under"]));
    case "exists": {
      const headers = argumentsOf(test, [])?.only(1)?.list(0);
      return headers ? { test: "exists", headers, not: false } : null;
    }
    case "body": {
      const args = argumentsOf(test, ["comparator"]);
      const values = args?.list(0);
      const shape = args?.only(1, "text", "contains", "comparator") && args.has("text") && args.has("contains");
      return args && values && shape && usual(args) ? { test: "body", values, not: false } : null;
    }
    case "duplicate": {
      const seconds = argumentsOf(test, ["seconds"])?.only(0, "seconds")?.number("seconds") ?? null;
      return seconds === null ? null : { test: "duplicate", seconds, not: false };
    }
    case "header":
    case "address":
      return readHeader(test.name, argumentsOf(test, ["comparator"]));
  }
  return null;
}

function readSize(args: RuleArguments | null): RuleCondition | null {
  if (!args?.only(0, "over", "under")) return null;
  const octets = args.number("over") ?? args.number("under");
  if (octets === null || (args.has("over") && args.has("under"))) return null;
  return { test: "size", over: args.has("over"), octets, not: false };
}

function readHeader(name: "header" | "address", args: RuleArguments | null): RuleCondition | null {
  const headers = args?.list(0);
  const values = args?.list(1);
  if (!args || !headers || !values || !usual(args)) return null;
  const match = matchOf(args);
  if (match === null) return null;
  const key = headers.map(lowerAscii).join(" ");
  if (args.has("mime")) {
    const one = key === "content-disposition" && values.length === 1 && lowerAscii(values[0]!) === "attachment";
    const shape = args.only(2, "mime", "anychild", "type", "is", "comparator") && args.has("anychild") &&
      args.has("type");
    return name === "header" && one && shape ? { test: "attachment", not: false } : null;
  }
  if (!args.only(2, "is", "contains", "matches", "comparator", ...name === "address" ? ["all"] : [])) return null;
  const known = ({ from: "from", "to cc": "to", subject: "subject", "list-id": "list" } as const)[key];
  if (name === "address") {
    return match === "is" && (known === "from" || known === "to") ? { test: known, match, values, not: false } : null;
  }
  const ids = values.map((value) => /^<(.*)>$/s.exec(value)?.[1]).filter((id) => id !== undefined);
  if (known === "list" && match === "contains" && ids.length === values.length) {
    return { test: "list", match: "is", values: ids, not: false };
  }
  const whole = match === "is" && known !== "subject"; // whole fields, not addresses or ids
  return known === undefined || whole
    ? { test: "header", headers, match, values, not: false }
    : { test: known, match, values, not: false };
}

/** RFC 5228 section 2.7.1: `:is` where nothing else stands. */
function matchOf(args: RuleArguments): RuleMatch | null {
  const found = (["is", "contains", "matches"] as const).filter((match) => args.has(match));
  return found.length > 1 ? null : found[0] ?? "is";
}

/** The comparator that would be taken anyway. */
function usual(args: RuleArguments): boolean {
  return !args.has("comparator") || args.text("comparator") === "i;ascii-casemap";
}

function readAction(command: CommandNode): RuleAction | null {
  if (command.block !== null || command.tests.length > 0) return null;
  const args = argumentsOf(command, command.name === "vacation" ? ["days", "subject", "from", "addresses"] : []);
  if (args === null) return null;
  switch (command.name) {
    case "fileinto": {
      const mailbox = args.only(1, "copy", "create")?.string(0);
      if (typeof mailbox !== "string") return null;
      return { do: args.has("copy") ? "copy" : "move", mailbox, create: args.has("create") };
    }
    case "addflag": {
      const flags = args.only(1)?.list(0);
      if (!flags) return null;
      return flags.length === 1 && flags[0] === "\\Seen" ? { do: "markRead" } : { do: "flag", flags };
    }
    case "redirect": {
      const address = args.only(1, "copy")?.string(0);
      return typeof address === "string" ? { do: "forward", address, keep: args.has("copy") } : null;
    }
    case "pipe": {
      const to = args.only(1, "copy")?.string(0);
      return typeof to === "string" ? { do: "deliver", to, keep: args.has("copy") } : null;
    }
    case "reject":
    case "ereject": {
      const text = args.only(1)?.string(0);
      return typeof text === "string"
        ? { do: "reject", text: withoutLineEnds(text), early: command.name === "ereject" }
        : null;
    }
    case "vacation":
      return readReply(args);
    case "discard":
    case "keep":
    case "stop":
      return args.only(0) ? { do: command.name } : null;
  }
  return null;
}

function readReply(args: RuleArguments): RuleAction | null {
  const text = args.only(1, "days", "subject", "from", "addresses")?.string(0);
  if (typeof text !== "string") return null;
  const [subject, from, days] = [args.text("subject"), args.text("from"), args.number("days")];
  return { do: "reply", text: withoutLineEnds(text), subject, days, from, addresses: args.texts("addresses") ?? [] };
}
