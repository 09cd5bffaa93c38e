/**
 * Threads of messages (RFC 5256 section 3, THREAD): ORDEREDSUBJECT, REFERENCES, and REFS, which is REFERENCES without
 * the gathering by subject and with the threads in the order of their newest message. Nothing here is recursive, and
 * what hostile References can cost is bounded; generators yield so that others can be let in.
 */
import { collationKey } from "./collation.ts";
import { baseSubject } from "./thread.ts";

/** What threading wants to know of a message. */
export interface ThreadMessage {
  readonly uid: number;
  /** Without angle brackets; null where there is none. */
  readonly messageId: string | null;
  /** Message-IDs of ancestors, the eldest first. */
  readonly references: readonly string[];
  /** Unfolded; empty where there is none. */
  readonly subject: string;
  /** The sent date, milliseconds since 1970. */
  readonly date: number;
}

/** A message and what answers it. `uid` null: nobody has the message, or several threads were put together. */
export interface ThreadNode {
  readonly uid: number | null;
  readonly children: readonly ThreadNode[];
}

/** The algorithms of RFC 5256, and REFS. */
export type ThreadAlgorithm = "orderedSubject" | "references" | "refs";

/** Messages between two yields. */
const STRIDE = 500;
/** Ancestors that are looked through for a loop; deeper threads are cut there. */
const DEPTH_LIMIT = 500;

interface Node extends ThreadNode {
  uid: number | null;
  message: ThreadMessage | null;
  parent: Node | null;
  children: Node[];
  date: number;
}

/** `messages` are in the order of the mailbox. */
export function* threads(
  messages: readonly ThreadMessage[],
  algorithm: ThreadAlgorithm,
): Generator<void, ThreadNode[]> {
  if (algorithm === "orderedSubject") return yield* bySubject(messages);
  const roots = prune(yield* link(messages));
  const gathered = algorithm === "references" ? yield* gather(roots) : roots;
  yield;
  sortSiblings(gathered, algorithm === "refs");
  return gathered;
}

/** The first message of each base subject with the others as its children. */
function* bySubject(messages: readonly ThreadMessage[]): Generator<void, ThreadNode[]> {
  const groups = new Map<string, Node[]>();
  for (let i = 0; i < messages.length; i++) {
    if (i % STRIDE === STRIDE - 1) yield;
    const message = messages[i]!;
    const key = collationKey(baseSubject(message.subject).base);
    const group = groups.get(key);
    const node: Node = { uid: message.uid, message, parent: null, children: [], date: message.date };
    if (group) group.push(node);
    else groups.set(key, [node]);
  }
  const roots: Node[] = [];
  for (const group of groups.values()) {
    group.sort(byDate);
    const [first, ...others] = group;
    first!.children = others;
    roots.push(first!);
  }
  return roots.sort(byDate);
}

/** Steps 1 and 2: parents by References. Answers the nodes without a parent, in the order they were met. */
function* link(messages: readonly ThreadMessage[]): Generator<void, Node[]> {
  const byId = new Map<string, Node>();
  const all: Node[] = [];
  const add = (id: string | null): Node => {
    const node: Node = { uid: null, message: null, parent: null, children: [], date: 0 };
    all.push(node);
    if (id !== null) byId.set(id, node);
    return node;
  };
  for (let i = 0; i < messages.length; i++) {
    if (i % STRIDE === STRIDE - 1) yield;
    const message = messages[i]!;
    const { messageId, references } = message;
    let node = messageId === null ? undefined : byId.get(messageId);
    // A second message of the same id is one without.
    if (node === undefined || node.message !== null) node = add(node === undefined ? messageId : null);
    node.message = message;
    node.uid = message.uid;
    node.date = message.date;
    let before: Node | null = null;
    for (const id of references) {
      const ancestor: Node = byId.get(id) ?? add(id);
      // Step 1 A: existing links stay.
      if (before !== null && ancestor.parent === null && !reaches(before, ancestor)) ancestor.parent = before;
      before = ancestor;
    }
    // Step 1 B: its own word about its parent counts more than what others said.
    node.parent = before !== null && !reaches(before, node) ? before : null;
  }
  for (const node of all) node.parent?.children.push(node);
  return all.filter((node) => node.parent === null);
}

/** Whether `wanted` is `from` or stands above it; or it is too far up to tell. */
function reaches(from: Node, wanted: Node): boolean {
  let at: Node | null = from;
  for (let steps = 0; at !== null; steps++) {
    if (at === wanted || steps === DEPTH_LIMIT) return true;
    at = at.parent;
  }
  return false;
}

/** Step 3: nodes without a message go; their children take their place, but for several at the top. */
function prune(roots: readonly Node[]): Node[] {
  const order: Node[] = [];
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    order.push(node);
    open.push(...node.children);
  }
  // From the leaves up, so that what a node has below is final.
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    if (node.children.some((child) => child.message === null)) {
      node.children = node.children.flatMap((child) => child.message === null ? child.children : [child]);
    }
  }
  return roots.flatMap((root) => {
    if (root.message !== null || root.children.length > 1) return [root];
    return root.children; // one, or none
  });
}

/** Steps 4 and 5: threads of the same subject become one. */
function* gather(roots: Node[]): Generator<void, Node[]> {
  for (const root of roots) if (root.message === null) root.children.sort(byDate);
  for (const root of roots) root.date = dateOf(root);
  roots.sort(byDate);
  const subjects = new Map<Node, { readonly key: string; readonly isReply: boolean }>();
  const table = new Map<string, Node>();
  for (let i = 0; i < roots.length; i++) {
    if (i % STRIDE === STRIDE - 1) yield;
    const root = roots[i]!;
    const { base, isReply } = baseSubject((root.message ?? root.children[0]!.message!).subject);
    const subject = { key: collationKey(base), isReply };
    subjects.set(root, subject);
    if (subject.key === "") continue;
    const first = table.get(subject.key);
    const better = first !== undefined &&
      ((root.message === null && first.message !== null) || (isReply === false && subjects.get(first)!.isReply));
    if (first === undefined || better) table.set(subject.key, root);
  }
  const out = new Set<Node>(roots);
  for (const root of roots) {
    if (!out.has(root)) continue; // it is below another already
    const subject = subjects.get(root)!;
    const first = table.get(subject.key);
    if (subject.key === "" || first === undefined || first === root) continue;
    out.delete(root);
    if (first.message === null && root.message === null) first.children.push(...root.children);
    else if (first.message === null || (subject.isReply && !subjects.get(first)!.isReply)) first.children.push(root);
    else {
      const both: Node = { uid: null, message: null, parent: null, children: [first, root], date: first.date };
      subjects.set(both, subject);
      table.set(subject.key, both);
      out.delete(first);
      out.add(both);
    }
  }
  return [...out];
}

/** Step 6: siblings by date, from the leaves up; `newest`: threads by their newest message. */
function sortSiblings(roots: Node[], newest: boolean): void {
  const order: Node[] = [];
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    order.push(node);
    open.push(...node.children);
  }
  const latest = new Map<Node, number>();
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    if (node.children.length > 1) node.children.sort(byDate);
    node.date = dateOf(node);
    if (newest) {
      latest.set(node, node.children.reduce((most, child) => Math.max(most, latest.get(child)!), node.date));
    }
  }
  if (newest) roots.sort((a, b) => latest.get(a)! - latest.get(b)! || uidOf(a) - uidOf(b));
  else roots.sort(byDate);
}

/** Of its message, or of its first child where there is none. */
function dateOf(node: Node): number {
  return node.message?.date ?? node.children[0]?.date ?? 0;
}

/** RFC 5256 section 2.2: equal dates are in the order of the mailbox. */
function byDate(a: Node, b: Node): number {
  return a.date - b.date || uidOf(a) - uidOf(b);
}

function uidOf(node: Node): number {
  return (node.message ?? node.children[0]?.message)?.uid ?? 0;
}
