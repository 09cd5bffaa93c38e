/** vacation (RFC 5230): whether anybody is answered, and with what. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { messageIds } from "../../message/fields.ts";
import { arg, command, flag, valued } from "../check/spec.ts";
import { ADDRESS, addressIn } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import type { SieveLetter } from "../result.ts";
import { isOwn, refuseBesideReject } from "../run/delivering.ts";
import { fccOf } from "../run/fcc_of.ts";
import { hashedKey } from "../run/hashed_key.ts";
import { machineMade } from "../run/machine_made.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, given, numberOf, textOf, textsOf } from "../script.ts";

/** Section 4. The implicit keep stays. */
function* vacation(run: Run, node: CheckedNode): Program<void> {
  if (run.facts.event === "imap") throw new SieveFault("vacation has no place in an event of a mailbox"); // RFC 6785 section 3.11
  refuseBesideReject(run, node.name); // RFC 5429 section 2.4
  // Section 4.7: at most one in a run.
  if (run.decisions.actions.some((action) => action.kind === "vacation")) {
    throw new SieveFault("vacation more than once");
  }
  const why = silentBecause(run, node);
  if (why !== null) return run.say("note", `vacation sends nothing: ${why}`);
  const seconds = secondsOf(run, node);
  const key = hashedKey("vacation", handleOf(run, node), lowerAscii(run.facts.envelope.from));
  if (seconds > 0 && (yield* run.ask().seen(key))) {
    return run.say("note", `vacation sends nothing: ${run.facts.envelope.from} has had an answer already`);
  }
  const fcc = yield* fccOf(run, node);
  run.act({ kind: "vacation", letter: letterOf(run, node), fcc, at: run.at }, false);
  if (seconds > 0) run.remember(key, seconds);
  run.say("action", `vacation answers ${run.facts.envelope.from}`);
}

/** Sections 4.5 and 4.6, RFC 3834 section 2: why nobody is answered, or null. */
function silentBecause(run: Run, node: CheckedNode): string | null {
  const sender = run.facts.envelope.from;
  const { silent = null } = run.facts;
  if (silent !== null) return silent;
  if (sender === "") return "the message has no sender to answer";
  if (addressIn(sender) === null) return "the sender's address is none";
  if (isOwn(run, sender)) return "the message is from the owner";
  const machine = machineMade(run.fields(), sender);
  if (machine !== null) return machine;
  const own = run.all(textsOf(node, ":addresses")).map((text) => lowerAscii(addressIn(text) ?? text));
  return addressedTo(run, own) ? null : "it is not addressed to the owner by name";
}

const RECIPIENTS = ["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"];

/** Section 4.5: an address of the owner stands in a field for recipients. */
function addressedTo(run: Run, more: readonly string[]): boolean {
  const own = new Set([...more, lowerAscii(run.facts.owner.address), lowerAscii(run.facts.envelope.to)]);
  for (const address of run.facts.owner.addresses) own.add(lowerAscii(address));
  return RECIPIENTS.flatMap((name) => run.named(name)).some((field) =>
    run.reading.addresses(field).some(({ mailbox, host }) =>
      mailbox !== null && host !== null && own.has(lowerAscii(`${mailbox}@${host}`))
    )
  );
}

/** Section 4.1, RFC 6131 section 2: bounds move what is beyond them. */
function secondsOf(run: Run, node: CheckedNode): number {
  const { vacationDays: days, vacationSeconds: bounds } = run.limits;
  const seconds = numberOf(node, ":seconds");
  if (seconds === 0) return 0;
  if (seconds !== null) return Math.min(bounds.max, Math.max(bounds.min, seconds));
  return 86_400 * Math.min(days.max, Math.max(days.min, numberOf(node, ":days") ?? days.default));
}

/** Section 4.2: without a handle, replies that say the same are one. */
function handleOf(run: Run, node: CheckedNode): string {
  const handle = textOf(node, ":handle");
  if (handle !== null) return "handle:" + run.text(handle);
  const words = [":subject", ":from", "reason"].map((name) => run.text(textOf(node, name)));
  return hashedKey("default", ...words, given(node, ":mime") ? "mime" : "text");
}

/** Section 5. */
function letterOf(run: Run, node: CheckedNode): SieveLetter {
  const reason = run.text(textOf(node, "reason"));
  const from = textOf(node, ":from");
  const sender = from === null ? null : run.text(from);
  if (sender !== null && addressIn(sender) === null) {
    throw new SieveFault(`"${sender.slice(0, 60)}" is no address to answer from`);
  }
  const headers: (readonly [string, string])[] = [
    ["From", sender ?? `<${run.facts.owner.address}>`],
    ["To", `<${run.facts.envelope.from}>`],
    ["Subject", subjectOf(run, node)],
    ["Auto-Submitted", "auto-replied (vacation)"], // RFC 3834 section 5.2
    ["Precedence", "bulk"],
  ];
  const id = run.facts.index.envelope.messageId === null
    ? undefined
    : messageIds(run.facts.index.envelope.messageId)[0];
  if (id !== undefined) {
    // Section 5.8: RFC 5322 section 3.6.4 as for any reply.
    headers.push(["In-Reply-To", `<${id}>`]);
    const before = run.facts.index.references.filter((reference) => reference !== id).slice(-20);
    headers.push(["References", [...before, id].map((reference) => `<${reference}>`).join(" ")]);
  }
  return {
    to: [run.facts.envelope.from],
    headers,
    content: given(node, ":mime") ? { entity: reason } : { text: reason },
  };
}

/** Section 5.3. */
function subjectOf(run: Run, node: CheckedNode): string {
  const subject = textOf(node, ":subject");
  if (subject !== null) return run.text(subject);
  const old = run.named("subject")[0];
  const text = old === undefined ? "" : run.reading.decoded(old);
  return text === "" ? "Auto: your message" : `Auto: ${text}`;
}

export const vacationExtension: SieveExtension = {
  name: "vacation",
  commands: [
    command("vacation", {
      tags: [
        valued("days", "number", { group: ":days and :seconds", least: 1 }), // section 4.1: zero days are none
        valued("subject", "string"),
        valued("from", "string", { rule: ADDRESS }),
        valued("addresses", "strings"),
        flag("mime"),
        valued("handle", "string"),
      ],
      args: [arg("reason", "string")],
    }, vacation),
  ],
};
