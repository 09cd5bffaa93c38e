/** Messages for the mailboxes of this server from a program of this machine: `palomar deliver`, by the rules of LMTP. */
import type { EnvelopeRecipient, MailEnvelope, Refusal } from "../contract/mod.ts";
import type { DeliveredMessage, HttpDeps, SubmittedMessage } from "../http/deps.ts";
import { returnedEntry } from "../mda/mod.ts";
import { BodySinks } from "./body_sinks.ts";
import { type SubmissionParts, takeMessage, type TakenMessage } from "./submission.ts";

export interface LocalDeliveryParts extends SubmissionParts {
  /** How long the queue tries to bring back what a recipient does not take, milliseconds. */
  readonly giveUpMs: number;
}

/** Delivers through the program of receiving; nothing leaves for other servers but what recipients forward. */
export function createLocalDelivery(parts: LocalDeliveryParts): HttpDeps["deliver"] {
  return async (message, bounce) => {
    const sinks = new BodySinks(parts.storage);
    try {
      const taken = await takeMessage(message, sinks, parts, { protocol: "lmtp", via: "LMTP" });
      return "refused" in taken ? taken : await deliver(message, taken, bounce, parts);
    } finally {
      sinks.close();
    }
  };
}

/** RFC 2033 section 4.2: each recipient is answered by itself, those that RCPT would refuse too. */
async function deliver(
  { recipients }: SubmittedMessage,
  taken: TakenMessage,
  bounce: boolean,
  parts: LocalDeliveryParts,
): Promise<DeliveredMessage | { readonly refused: Refusal }> {
  const { args, run } = taken;
  const { sender } = args.envelope;
  const refusals = new Map<EnvelopeRecipient, Refusal>();
  for (const recipient of recipients) {
    const answer = await run(parts.programs.verifyRecipient({ peer: args.peer, sender, recipient }));
    if ("refused" in answer) refusals.set(recipient, answer.refused);
  }
  const left = recipients.filter((one) => !refusals.has(one));
  const returned = new Set<EnvelopeRecipient>();
  if (left.length > 0) {
    const envelope: MailEnvelope = { sender, recipients: left };
    const answer = await taken.receive({ ...args, envelope });
    if ("refused" in answer && left.length === recipients.length && !bounce) return answer;
    for (const [index, recipient] of left.entries()) {
      const refusal = "refused" in answer ? answer.refused : answer.recipients[index] ?? null;
      if (refusal === null) continue;
      refusals.set(recipient, refusal);
      // RFC 5321 section 4.5.5: what has no sender goes back to nobody, so that the caller hears of it.
      if (bounce && refusal.code >= 500 && sender.reversePath !== "") returned.add(recipient);
    }
    if (returned.size > 0 && !await giveBack([...returned], taken, parts)) returned.clear();
  }
  return {
    accepted: args.traceId,
    recipients: recipients.map((one) => ({ refusal: refusals.get(one) ?? null, returned: returned.has(one) })),
  };
}

/** The queue tries them once more, hears the same, and tells the sender. False: there was no room for that. */
async function giveBack(
  recipients: readonly EnvelopeRecipient[],
  { args }: TakenMessage,
  { storage, clock, giveUpMs }: LocalDeliveryParts,
): Promise<boolean> {
  const now = clock.wall();
  const { traceId, blobId, envelope: { sender } } = args;
  const answer = await storage.perform("mail.accept", {
    traceId,
    sender,
    blobId,
    deliveries: [],
    queued: recipients.map((one) => returnedEntry(one, "", now, giveUpMs)),
    journal: recipients.map(({ forwardPath: recipient }) => (
      { at: now, event: "refused", recipient, detail: `${recipient} does not take it: it goes back to its sender.` }
    )),
    now,
    overQuota: "defer",
  });
  return !("refused" in answer);
}
