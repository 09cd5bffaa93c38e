/** Arguments against a spec: tags first, then what stands by its place (RFC 5228 section 2.6). */
import { lowerAscii } from "../../base/ascii.ts";
import type { CheckedNode, CheckedValue } from "../script.ts";
import type { ArgumentNode, StringNode, TagNode, TestNode } from "../syntax/tree.ts";
import type { CheckContext } from "./context.ts";
import { matchSpecOf } from "./match_spec.ts";
import { nearest } from "./nearest.ts";
import type { PositionalSpec, Spec, TagSpec, ValueKind, ValueRule } from "./spec.ts";
import { readTemplate, type Template } from "./template.ts";
import { VARIABLE } from "./values.ts";
import { COMPARATOR } from "../extensions/base_matching.ts";

/** Checks one command or test by itself; its tests and its block are the caller's. */
export function checkShape(node: TestNode, spec: Spec, context: CheckContext): CheckedNode {
  const values = new Map<string, CheckedValue>();
  const rest = checkTags(node, spec, values, context);
  checkPositional(node, spec, rest, values, context);
  checkTestCount(node, spec, context);
  if ("block" in node) checkBlockThere(node, node.block !== null, spec, context);
  const match = matchSpecOf(node, spec, values, context);
  for (const rule of spec.extra) {
    const problem = rule(values, context, spec);
    if (problem === null) continue;
    context.errors.add(problem.at ?? node.at, problem.message, problem.found ?? node.name, problem.expected);
  }
  const memo = { description: null, keys: null, names: null };
  const tags = spec.tags.filter(({ name }) => values.has(":" + name));
  return { name: node.name, spec, at: node.at, values, tags, match, tests: [], block: null, memo };
}

/** Reads the tags, gives back what is left. */
function checkTags(
  node: TestNode,
  spec: Spec,
  values: Map<string, CheckedValue>,
  context: CheckContext,
): ArgumentNode[] {
  const rest: ArgumentNode[] = [];
  const seen = new Map<string, TagNode>();
  const groups = new Map<string, string>();
  for (let i = 0; i < node.args.length; i++) {
    const argument = node.args[i]!;
    if (argument.kind !== "tag") {
      rest.push(argument);
      continue;
    }
    const tag = spec.tagged.get(argument.name);
    if (tag === undefined) {
      unknownTag(node, spec, argument, context);
      continue;
    }
    if (rest.length > 0) {
      context.errors.add(argument.at, `Tags such as :${tag.name} stand before the other arguments.`, ":" + tag.name);
    }
    tagOnce(tag, argument, seen, groups, context);
    if (tag.takes === undefined) values.set(":" + tag.name, true);
    else {
      const value = takeValue(tag, tag.takes, node.args[i + 1], argument, context);
      if (value !== null) i++;
      values.set(":" + tag.name, value ?? true);
    }
  }
  if (seen.size === 0) return rest;
  for (const [name, argument] of seen) {
    const tag = spec.tagged.get(name)!;
    if (tag.with !== undefined && !seen.has(tag.with)) {
      context.errors.add(
        argument.at,
        `:${name} has a meaning only together with :${tag.with}.`,
        ":" + name,
        ":" + tag.with,
      );
    }
  }
  return rest;
}

function unknownTag(node: TestNode, spec: Spec, argument: TagNode, context: CheckContext): void {
  const names = spec.tags.map((tag) => ":" + tag.name);
  const like = nearest(":" + argument.name, names);
  const expected = like ?? (names.length === 0 ? "" : "one of " + names.join(", "));
  context.errors.add(
    argument.at,
    `\`${node.name}\` has no tag :${argument.name.slice(0, 60)}.`,
    ":" + argument.name,
    expected,
  );
}

function tagOnce(
  tag: TagSpec,
  argument: TagNode,
  seen: Map<string, TagNode>,
  groups: Map<string, string>,
  context: CheckContext,
): void {
  if (tag.needs && !context.required.has(tag.needs)) {
    context.errors.add(
      argument.at,
      `:${tag.name} needs \`require "${tag.needs}"\`.`,
      ":" + tag.name,
      `require "${tag.needs}"`,
    );
  }
  const other = tag.group === undefined ? undefined : groups.get(tag.group);
  if (seen.has(tag.name)) context.errors.add(argument.at, `:${tag.name} stands here twice.`, ":" + tag.name);
  else if (other !== undefined) {
    context.errors.add(argument.at, `:${tag.name} and :${other} exclude each other (${tag.group}).`, ":" + tag.name);
  }
  seen.set(tag.name, argument);
  if (tag.group !== undefined) groups.set(tag.group, tag.name);
}

function takeValue(
  tag: TagSpec,
  kind: ValueKind,
  next: ArgumentNode | undefined,
  argument: TagNode,
  context: CheckContext,
): CheckedValue | null {
  if (next === undefined || next.kind === "tag") {
    context.errors.add(argument.at, `:${tag.name} is followed by ${KINDS[kind]}.`, ":" + tag.name, KINDS[kind]);
    return null;
  }
  if (tag.least !== undefined && next.kind === "number" && next.value < tag.least) {
    context.errors.add(argument.at, `:${tag.name} is at least ${tag.least}.`, ":" + tag.name);
  }
  return convert(next, kind, ":" + tag.name, tag.rule, context) ?? true;
}

const KINDS: Readonly<Record<ValueKind, string>> = {
  string: "a string",
  strings: "a string or a list of strings",
  number: "a number",
};

function checkPositional(
  node: TestNode,
  spec: Spec,
  given: readonly ArgumentNode[],
  values: Map<string, CheckedValue>,
  context: CheckContext,
): void {
  const least = spec.args.filter((argument) => !argument.optional).length;
  const wanted = given.length > least ? spec.args : spec.args.filter((argument) => !argument.optional);
  wanted.forEach((argument, index) => {
    const value = given[index];
    if (value === undefined) return;
    const converted = convert(value, argument.kind, argument.name, argument.rule, context);
    if (converted !== null) values.set(argument.name, converted);
  });
  if (given.length >= least && given.length <= spec.args.length) return;
  const names = spec.args.map(describe).join(", ");
  const expected = spec.args.length === 0 ? "no arguments" : names;
  const at = given[spec.args.length]?.at ?? node.at;
  const many = given.length > spec.args.length ? "too many arguments" : "too few arguments";
  context.errors.add(at, `\`${node.name}\` has ${many} here: it takes ${expected}.`, node.name, expected);
}

function describe(argument: PositionalSpec): string {
  return `${argument.optional ? "perhaps " : ""}${argument.name} (${KINDS[argument.kind]})`;
}

/** Null where it is of another kind, and that was said. */
function convert(
  node: ArgumentNode,
  kind: ValueKind,
  name: string,
  rule: ValueRule | undefined,
  context: CheckContext,
): CheckedValue | null {
  if (kind === "number" && node.kind === "number") return node.value;
  if (kind !== "number" && node.kind === "string") {
    const text = readString(node, rule, context);
    return kind === "string" ? text : [text];
  }
  if (kind === "strings" && node.kind === "list") return node.items.map((item) => readString(item, rule, context));
  const found = node.kind === "list"
    ? "a list"
    : node.kind === "tag"
    ? ":" + node.name
    : node.kind === "number"
    ? String(node.value)
    : node.value;
  context.errors.add(node.at, `${name} should be ${KINDS[kind]}.`, found, KINDS[kind]);
  return null;
}

function readString(node: StringNode, rule: ValueRule | undefined, context: CheckContext): Template {
  const text = readTemplate(node, context);
  if (rule === undefined) return text;
  const value = text.constant ?? (rule.fixed ? node.value : null);
  if (value === null) return text;
  if (rule === VARIABLE) checkNamespace(node, context);
  if (!rule.holds(value)) context.errors.add(node.at, `This should be ${rule.expected}.`, node.value, rule.expected);
  else if (rule === COMPARATOR && !context.language.comparators.has(value)) {
    context.errors.add(node.at, `This should be ${rule.expected}.`, node.value, rule.expected);
  }
  return text;
}

/** RFC 5229 section 3: a namespace is there with its extension. */
function checkNamespace(node: StringNode, { language, required, errors }: CheckContext): void {
  const name = /^([^.]+)\./.exec(node.value)?.[1];
  if (name === undefined) return;
  const needs = language.namespaces.get(lowerAscii(name));
  if (needs === undefined) errors.add(node.at, `Nothing is known of the namespace "${name.slice(0, 60)}".`, node.value);
  else if (!required.has(needs)) {
    errors.add(node.at, `Variables of "${name}" need \`require "${needs}"\`.`, node.value, `require "${needs}"`);
  }
}

function checkTestCount(node: TestNode, spec: Spec, context: CheckContext): void {
  if (spec.tests === 0 && node.form !== "none") {
    context.errors.add(node.tests[0]!.at, `\`${node.name}\` takes no test.`, node.tests[0]!.name);
  } else if (spec.tests === 1 && (node.form === "none" || (node.form === "list" && node.tests.length !== 1))) {
    context.errors.add(node.at, `\`${node.name}\` takes one test.`, node.name, "a test");
  } else if (spec.tests === 1 && node.form === "list") {
    context.errors.add(node.at, `The one test of \`${node.name}\` stands without parentheses.`, "(", "a test");
  } else if (spec.tests === "many" && node.form !== "list") {
    context.errors.add(node.at, `\`${node.name}\` takes a list of tests in parentheses.`, node.name, "( test, … )");
  }
}

function checkBlockThere(node: TestNode, there: boolean, spec: Spec, context: CheckContext): void {
  if (spec.block && !there) context.errors.add(node.at, `\`${node.name}\` takes a block in braces.`, ";", "{ … }");
  if (!spec.block && there) {
    context.errors.add(node.at, `\`${node.name}\` takes no block; it ends with a semicolon.`, "{", ";");
  }
}
