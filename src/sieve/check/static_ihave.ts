/** What is known of `ihave` before a script runs (RFC 5463): what this server has does not change while it runs. */
import type { TestNode } from "../syntax/tree.ts";

/** True or false where the test can only be that; null where it depends on the message. */
export function staticTruth(test: TestNode, known: (extension: string) => boolean): boolean | null {
  switch (test.name) {
    case "true":
      return true;
    case "false":
      return false;
    case "ihave":
      return extensionsOf(test).every(known);
    case "not": {
      const inner = test.tests[0] ? staticTruth(test.tests[0], known) : null;
      return inner === null ? null : !inner;
    }
    case "allof":
    case "anyof":
      return ofMany(test, known);
    default:
      return null;
  }
}

function ofMany(test: TestNode, known: (extension: string) => boolean): boolean | null {
  const decisive = test.name === "anyof";
  let all = true;
  for (const inner of test.tests) {
    const truth = staticTruth(inner, known);
    if (truth === decisive) return decisive;
    if (truth === null) all = false;
  }
  return all ? !decisive : null;
}

/** The extensions that an `ihave` names. */
export function extensionsOf(test: TestNode): string[] {
  return test.args.flatMap((arg) =>
    arg.kind === "string" ? [arg.value] : arg.kind === "list" ? arg.items.map((item) => item.value) : []
  );
}
