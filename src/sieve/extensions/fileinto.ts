/** fileinto (RFC 5228 section 4.1). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { arg, command } from "../check/spec.ts";
import { MAILBOX } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import type { SieveAction } from "../result.ts";
import { addKeep, filingOf, refuseBesideReject, replaceFlags } from "../run/delivering.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, tagWith, textOf } from "../script.ts";

function* fileinto(run: Run, node: CheckedNode): Program<void> {
  refuseBesideReject(run, node.name);
  const filing = yield* filingOf(run, node, run.text(textOf(node, "mailbox")));
  const copy = tagWith(node, "keeps") !== undefined;
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

export const fileIntoExtension: SieveExtension = {
  name: "fileinto",
  commands: [command("fileinto", { slots: ["filing"], args: [arg("mailbox", "string", MAILBOX)] }, fileinto)],
};
