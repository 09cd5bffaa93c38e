/** The actions of RFC 5228 section 4 that are always there: keep, discard, redirect. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { arg, command, type ExtraRule } from "../check/spec.ts";
import type { Template } from "../check/template.ts";
import { ADDRESS, addressIn } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import { addKeep, flagsOf, isOwn, refuseBesideReject } from "../run/delivering.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, tagWith, textOf } from "../script.ts";

/** Section 4.3. */
function keep(run: Run, node: CheckedNode): void {
  refuseBesideReject(run, node.name);
  addKeep(run, flagsOf(run, node));
  run.say("action", "keep");
}

/** Section 4.4: only cancels the implicit keep. */
function discard(run: Run): void {
  if (!run.decisions.actions.some((action) => action.kind === "discard")) {
    run.act({ kind: "discard", at: run.at }, true);
  } else run.decide({ implicitKeep: false });
  run.say("action", "discard");
}

/** Section 4.2. */
function redirect(run: Run, node: CheckedNode): void | Program<void> {
  refuseBesideReject(run, node.name);
  const named = run.text(textOf(node, "address"));
  const list = tagWith(node, "stands");
  return list ? redirectToAll(run, node, list.stands(run, named)) : redirectTo(run, node, named);
}

function* redirectToAll(run: Run, node: CheckedNode, asked: Program<readonly string[]>): Program<void> {
  for (const member of yield* asked) redirectTo(run, node, member);
}

function redirectTo(run: Run, node: CheckedNode, text: string): void {
  const copy = tagWith(node, "keeps") !== undefined;
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

/** With a tag that says otherwise it is no address, else it is one. */
const isAddress: ExtraRule = (values, _, spec) => {
  const address = values.get("address") as Template | undefined;
  const constant = address?.constant ?? null;
  if (address === undefined || constant === null || ADDRESS.holds(constant)) return null;
  if (spec.tags.some((tag) => tag.stands && values.has(":" + tag.name))) return null;
  return {
    message: `This should be ${ADDRESS.expected}.`,
    at: address.at,
    found: constant,
    expected: ADDRESS.expected,
  };
};

export const baseActions: SieveExtension = {
  name: null,
  commands: [
    command("keep", {}, keep),
    command("discard", {}, discard),
    command("redirect", { args: [arg("address", "string")], extra: [isAddress] }, redirect),
  ],
};
