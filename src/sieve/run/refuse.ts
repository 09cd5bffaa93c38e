/** What `reject` and `ereject` have in common (RFC 5429 section 2). */
import { SieveFault } from "../match/budget.ts";
import { type CheckedNode, textOf } from "../script.ts";
import type { Run } from "./run.ts";

/** Refuses the message; `extended` where `ereject` says so. */
export function refuse(run: Run, node: CheckedNode, extended: boolean): void {
  if (run.facts.event === "imap") throw new SieveFault(`${node.name} has no place in an event of a mailbox`); // RFC 6785 section 3.11
  const other = run.decisions.actions.find((action) => action.kind !== "discard" && action.kind !== "notify");
  // Section 2.4: once, and not beside vacation; a message is delivered or refused, not both.
  if (other) throw new SieveFault(`${node.name} cannot stand beside ${other.kind}`);
  const reason = run.text(textOf(node, "reason")).slice(0, 4_000);
  run.act({ kind: "reject", reason, extended, at: run.at }, true);
  run.say("action", node.name);
}
