/** Threads as numbers, so that they pass from a worker without being copied: for each node, in order, UID and depth. */
import type { ThreadNode } from "../message/mod.ts";
import type { Breath } from "./search_source.ts";

/** UID 0 stands for none. */
export function flatThreads(threads: readonly ThreadNode[]): Uint32Array {
  const flat: number[] = [];
  const open: { readonly node: ThreadNode; readonly depth: number }[] = [];
  const push = (nodes: readonly ThreadNode[], depth: number) => {
    for (let i = nodes.length - 1; i >= 0; i--) open.push({ node: nodes[i]!, depth });
  };
  push(threads, 0);
  for (let one = open.pop(); one; one = open.pop()) {
    flat.push(one.node.uid ?? 0, one.depth);
    push(one.node.children, one.depth + 1);
  }
  return Uint32Array.from(flat);
}

interface Growing extends ThreadNode {
  readonly children: Growing[];
}

/** The threads that were made flat, in slices of time. */
export async function grownThreads(flat: Uint32Array, breath: Breath): Promise<ThreadNode[]> {
  const roots: Growing[] = [];
  const path: Growing[][] = [roots];
  for (let i = 0; i < flat.length; i += 2) {
    const node: Growing = { uid: flat[i] === 0 ? null : flat[i]!, children: [] };
    const depth = flat[i + 1]!;
    path[depth]!.push(node);
    path[depth + 1] = node.children;
    if (i % 2000 === 0) await breath.take();
  }
  return roots;
}
