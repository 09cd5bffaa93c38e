/** What actions that deliver share: one keep, one copy a mailbox, nothing beside a refusal. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { MAILBOX } from "../check/values.ts";
import { SieveFault } from "../match/budget.ts";
import type { SieveAction, SieveFiling } from "../result.ts";
import { type CheckedNode, tagsWith } from "../script.ts";
import { flagsIn } from "./flags.ts";
import type { Run } from "./run.ts";
import { userOf } from "./user_part.ts";

/** One keep, however often it is said; all flags together. */
export function addKeep(run: Run, flags: readonly string[]): void {
  const version = storedVersion(run);
  const twin = run.decisions.actions.find((action) => action.kind === "keep" && action.version === version);
  if (twin?.kind === "keep") return replaceFlags(run, twin, flags);
  run.act({ kind: "keep", implicit: false, flags, version, at: run.at }, true);
}

/** RFC 6785 section 3.1: a message in a mailbox does not change; its keep is of the original. */
export function storedVersion(run: Run): number {
  return run.facts.event === "imap" ? 0 : run.version();
}

/** Flags of both together. */
export function replaceFlags(
  run: Run,
  twin: SieveAction & { readonly flags: readonly string[] },
  flags: readonly string[],
): void {
  const merged = { ...twin, flags: flagsIn([...twin.flags, ...flags]) };
  run.decide({
    actions: run.decisions.actions.map((action) => action === twin ? merged : action),
    implicitKeep: false,
  });
}

/** Where a copy goes. Tags say more, the later ones in the table over those before. */
export function* filingOf(run: Run, node: CheckedNode, name: string): Program<SieveFiling> {
  if (!MAILBOX.holds(name)) throw new SieveFault(`"${name.slice(0, 60)}" is not ${MAILBOX.expected}`);
  let filing: SieveFiling = { mailbox: name, flags: run.decisions.flags, create: false, specialUse: null };
  for (const tag of tagsWith(node, "files")) {
    const changed = tag.files(run, node, filing);
    filing = "next" in changed ? yield* changed : changed;
  }
  return filing;
}

/** The flags of a copy that is kept: those that a tag gives, else those that are set at this point. */
export function flagsOf(run: Run, node: CheckedNode): readonly string[] {
  const filing: SieveFiling = { mailbox: "INBOX", flags: run.decisions.flags, create: false, specialUse: null };
  return tagsWith(node, "files").reduce((filing, tag) => {
    const changed = tag.files(run, node, filing);
    return "next" in changed ? filing : changed;
  }, filing).flags;
}

/** Whether an address is one of the owner's, with or without a detail behind its user (RFC 5233). */
export function isOwn(run: Run, address: string): boolean {
  const { owner } = run.facts;
  const lower = lowerAscii(address);
  const at = lower.lastIndexOf("@");
  const user = userOf(lower.slice(0, at), run.facts.separators ?? "+");
  const plain = `${user}${lower.slice(at)}`;
  return [owner.address, ...owner.addresses].some((own) => lowerAscii(own) === lower || lowerAscii(own) === plain);
}

/** RFC 5429 section 2.4. */
export function refuseBesideReject(run: Run, name: string): void {
  if (run.decisions.actions.some((action) => action.kind === "reject")) {
    throw new SieveFault(`${name} cannot stand beside reject`);
  }
}
