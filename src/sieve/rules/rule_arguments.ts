/** The arguments of a command or test, for reading rules. */
import type { ArgumentNode, TestNode } from "../syntax/tree.ts";

/** Tags with their values, and what stands by itself. */
export interface RuleArguments {
  has(tag: string): boolean;
  /** The value of a tag, where it is a string. */
  text(tag: string): string | null;
  texts(tag: string): readonly string[] | null;
  number(tag: string): number | null;
  /** What stands by itself, from 0. */
  string(index: number): string | null;
  list(index: number): readonly string[] | null;
  /** Itself, if no other tags than these stand there, and so many others. */
  only(count: number, ...tags: readonly string[]): RuleArguments | null;
}

/** Null where a tag stands twice or lacks its value. `valued`: tags that have one. */
export function argumentsOf(node: TestNode, valued: readonly string[]): RuleArguments | null {
  const tags = new Map<string, ArgumentNode | null>();
  const rest: ArgumentNode[] = [];
  for (let index = 0; index < node.args.length; index++) {
    const arg = node.args[index]!;
    if (arg.kind !== "tag") {
      rest.push(arg);
      continue;
    }
    if (tags.has(arg.name)) return null;
    const value = valued.includes(arg.name) ? node.args[++index] : null;
    if (value === undefined || value?.kind === "tag") return null;
    tags.set(arg.name, value);
  }
  const args: RuleArguments = {
    has: (tag) => tags.has(tag),
    text: (tag) => textOf(tags.get(tag)),
    texts: (tag) => textsOf(tags.get(tag)),
    number: (tag) => {
      const value = tags.get(tag);
      return value?.kind === "number" ? value.value : null;
    },
    string: (index) => textOf(rest[index]),
    list: (index) => textsOf(rest[index]),
    only: (count, ...known) =>
      rest.length === count && [...tags.keys()].every((tag) => known.includes(tag)) ? args : null,
  };
  return args;
}

function textOf(arg: ArgumentNode | null | undefined): string | null {
  return arg?.kind === "string" ? arg.value : null;
}

function textsOf(arg: ArgumentNode | null | undefined): readonly string[] | null {
  if (arg?.kind === "string") return [arg.value];
  return arg?.kind === "list" ? arg.items.map(({ value }) => value) : null;
}
