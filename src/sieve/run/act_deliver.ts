/** `keep`, `fileinto`, `redirect`, `discard`, `reject` and `ereject` (RFC 5228 section 4, RFC 5429). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { addressIn, wrongValue } from "../check/values.ts";
import { SieveFault } from "../match/budget.ts";
import type { SieveAction, SieveFiling } from "../result.ts";
import { type CheckedNode, given, textOf, textsOf } from "../script.ts";
import { partOfAddress } from "./address_part.ts";
import { flagsFor, flagsIn } from "./flags.ts";
import type { Run } from "./run.ts";

/** RFC 5228 section 4.3. */
export function keep(run: Run, node: CheckedNode): void {
  refuseBesideReject(run, node.name);
  addKeep(run, flagsFor(run, given(node, ":flags") ? textsOf(node, ":flags") : null));
  run.say("action", "keep");
}

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

function replaceFlags(
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

/** RFC 5228 section 4.1, with RFC 3894, RFC 5232 section 5, RFC 5490 section 3.2, RFC 8579 section 4, RFC 9042. */
export function* fileinto(run: Run, node: CheckedNode): Program<void> {
  refuseBesideReject(run, node.name);
  const filing = yield* filingOf(run, node, run.text(textOf(node, "mailbox")));
  const copy = given(node, ":copy");
  const version = run.version();
  const isInbox = lowerAscii(filing.mailbox) === "inbox";
  if (isInbox && run.facts.event !== "imap") {
    // RFC 5228 section 2.10.3: the inbox is where keep puts it, and it is stored there once.
    addKeep(run, filing.flags);
    run.say("action", "fileinto INBOX, which is keep");
    return;
  }
  const twin = run.decisions.actions.find((action) =>
    action.kind === "fileinto" && action.mailbox === filing.mailbox && action.version === version
  );
  if (twin?.kind === "fileinto") {
    replaceFlagsOnly(run, twin, filing.flags, copy);
  } else run.act({ kind: "fileinto", ...filing, version, at: run.at }, !copy);
  run.say("action", `fileinto "${filing.mailbox}"${copy ? " and keep" : ""}`);
}

function replaceFlagsOnly(
  run: Run,
  twin: SieveAction & { readonly flags: readonly string[] },
  flags: readonly string[],
  copy: boolean,
): void {
  const { implicitKeep } = run.decisions;
  replaceFlags(run, twin, flags);
  run.decide({ implicitKeep: implicitKeep && copy });
}

/** Where a copy goes: by identifier, else by special use, else by name. */
export function* filingOf(run: Run, node: CheckedNode, name: string): Program<SieveFiling> {
  const wrong = wrongValue("mailbox", name);
  if (wrong !== null) throw new SieveFault(`"${name.slice(0, 60)}" is not ${wrong}`);
  const id = textOf(node, ":mailboxid");
  const use = textOf(node, ":specialuse");
  const byId = id === null ? null : yield* run.ask().mailboxById(run.text(id));
  const byUse = use === null || byId !== null ? null : yield* run.ask().mailboxByUse(run.text(use), null);
  return {
    mailbox: byId ?? byUse ?? name,
    flags: flagsFor(run, given(node, ":flags") ? textsOf(node, ":flags") : null),
    create: given(node, ":create"),
    specialUse: use === null ? null : run.text(use),
  };
}

/** RFC 5228 section 4.2, with RFC 3894 and RFC 6134 section 2.4. */
export function* redirect(run: Run, node: CheckedNode): Program<void> {
  refuseBesideReject(run, node.name);
  const copy = given(node, ":copy");
  const named = run.text(textOf(node, "address"));
  if (!given(node, ":list")) return redirectTo(run, named, copy);
  const room = run.limits.redirects;
  const members = yield* run.ask().listMembers(named, room);
  if (members === null) throw new SieveFault(`there is no list "${named.slice(0, 60)}" to redirect to`);
  if (members.length > room) throw new SieveFault(`the list "${named.slice(0, 60)}" has more than ${room} members`);
  for (const member of members) redirectTo(run, member, copy);
}

function redirectTo(run: Run, text: string, copy: boolean): void {
  const address = addressIn(text);
  if (address === null) throw new SieveFault(`"${text.slice(0, 60)}" is no address to redirect to`);
  const { actions, implicitKeep } = run.decisions;
  if (isOwn(run, address)) {
    // RFC 5228 section 4.2 asks for protection from loops: to oneself is to keep.
    run.say("note", `redirect to ${address}, which is the owner's own address, so the message is kept`);
    if (!copy) addKeep(run, run.decisions.flags);
    return;
  }
  const twin = actions.some((action) =>
    action.kind === "redirect" && lowerAscii(action.address) === lowerAscii(address)
  );
  if (twin) return run.decide({ implicitKeep: implicitKeep && copy });
  if (actions.filter((action) => action.kind === "redirect").length >= run.limits.redirects) {
    throw new SieveFault(`more than ${run.limits.redirects} redirects`);
  }
  run.act({ kind: "redirect", address, version: run.version(), at: run.at }, !copy);
  run.say("action", `redirect to ${address}${copy ? " and keep" : ""}`);
}

/** Whether an address is one of the owner's, with or without a detail behind its user (RFC 5233). */
export function isOwn(run: Run, address: string): boolean {
  const { owner } = run.facts;
  const lower = lowerAscii(address);
  const at = lower.lastIndexOf("@");
  const user = partOfAddress(lower.slice(0, at), lower.slice(at + 1), "user", run.facts.separators ?? "+");
  const plain = `${user}${lower.slice(at)}`;
  return [owner.address, ...owner.addresses].some((own) => lowerAscii(own) === lower || lowerAscii(own) === plain);
}

/** RFC 5228 section 4.4: only cancels the implicit keep. */
export function discard(run: Run): void {
  if (!run.decisions.actions.some((action) => action.kind === "discard")) {
    run.act({ kind: "discard", at: run.at }, true);
  } else run.decide({ implicitKeep: false });
  run.say("action", "discard");
}

/** RFC 5429 sections 2.1 and 2.2. */
export function reject(run: Run, node: CheckedNode): void {
  if (run.facts.event === "imap") throw new SieveFault(`${node.name} has no place in an event of a mailbox`); // RFC 6785 section 3.11
  const other = run.decisions.actions.find((action) => action.kind !== "discard" && action.kind !== "notify");
  // Section 2.4: once, and not beside vacation; a message is delivered or refused, not both.
  if (other) throw new SieveFault(`${node.name} cannot stand beside ${other.kind}`);
  const reason = run.text(textOf(node, "reason")).slice(0, 4_000);
  run.act({ kind: "reject", reason, extended: node.name === "ereject", at: run.at }, true);
  run.say("action", node.name);
}

/** RFC 5429 section 2.4. */
export function refuseBesideReject(run: Run, name: string): void {
  if (run.decisions.actions.some((action) => action.kind === "reject")) {
    throw new SieveFault(`${name} cannot stand beside reject`);
  }
}
