/** The THREAD response (RFC 5256 section 4, `thread-list`), without recursion: threads may be as deep as they like. */
import type { ThreadNode } from "../../message/mod.ts";

/** `(2)(3 6 (4 23)(44 7 96))` */
export function formatThreads(threads: readonly ThreadNode[], numberOf: (uid: number) => number): string {
  const out: string[] = [];
  // What is still to be printed, the next last: a thread, or text.
  const open: (ThreadNode | string)[] = [];
  for (let i = threads.length - 1; i >= 0; i--) open.push(")", threads[i]!, "(");
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === "string") {
      out.push(next);
      continue;
    }
    let node: ThreadNode = next;
    let separator = "";
    for (;;) {
      if (node.uid !== null) {
        out.push(`${separator}${numberOf(node.uid)}`);
        separator = " ";
      }
      if (node.children.length !== 1) break;
      node = node.children[0]!; // a line of answers needs no parentheses
    }
    if (node.children.length === 0) continue;
    out.push(separator);
    for (let i = node.children.length - 1; i >= 0; i--) open.push(")", node.children[i]!, "(");
  }
  return out.join("");
}
