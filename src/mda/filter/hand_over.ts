/** Handing a message to a place of the configuration: a row of the queue, or why there is none. */
import { lowerAscii } from "../../base/ascii.ts";
import type { EnvelopeRecipient } from "../../contract/mod.ts";
import type { Program } from "../../contract/mod.ts";
import type { SieveAction } from "../../sieve/mod.ts";
import { canonicalTarget, formatTargetWay } from "../target_way.ts";
import { joined, type Outcome, plainSender } from "./outcome.ts";

/**
 * Null: it waits in the queue. `kept`: the account has the message besides, so that nobody but the journal is told where
 * the place does not take it. Else what it refuses goes back to the sender; to INBOX, if the script said so (`:try`), or
 * if the sender may be somebody else's.
 */
export function* handOver(
  out: Outcome,
  action: Extract<SieveAction, { kind: "pipe" }>,
  kept: boolean,
): Program<string | null> {
  const { owner, policy, deliveredTo, recipient, sender, giveUpMs, silent } = out.facts;
  const target = canonicalTarget(action.name);
  const facts = target === null ? undefined : policy.targets?.get(target);
  if (target === null || facts === undefined) {
    return `this server has no program or place "${action.name.slice(0, 60)}"`;
  }
  if (facts.off !== null) return facts.off;
  if (action.arguments.length > facts.arguments) return `it takes at most ${facts.arguments} arguments of a script`;
  // A program may send it on, and the mail come back.
  const loops = target.startsWith("program:") && deliveredTo.has(lowerAscii(owner.account));
  if (loops) return "the account has had the message before: a mail loop";
  const { blobId, added } = yield* out.form(action.version);
  out.queued.push({
    recipient: reported(recipient, owner.address, kept),
    sender: plainSender(sender),
    domain: null,
    route: formatTargetWay({
      target,
      account: owner.account,
      arguments: action.arguments,
      orKeep: !kept && (action.attempt || silent),
    }),
    accountId: owner.accountId,
    prefix: added.length === 0 ? owner.prefix : joined(owner.prefix, added),
    dueAt: owner.now,
    expiresAt: owner.now + giveUpMs,
    ...(blobId !== null && { blobId }),
  });
  return null;
}

function reported(recipient: EnvelopeRecipient, forwardPath: string, kept: boolean): EnvelopeRecipient {
  return { forwardPath, notify: kept ? [] : recipient.notify, orcpt: recipient.orcpt };
}
