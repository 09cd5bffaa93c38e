/** Sealing what is forwarded (RFC 8617 section 5.1): those behind us learn what we found before we touched the envelope. */
import { concatBytes, latin1Bytes, utf8Bytes } from "../base/bytes.ts";
import { type Args, ask, logEvent, OpFailed, type Program, type QueueEntry } from "../contract/mod.ts";
import type { Plan } from "../mda/mod.ts";
import type { Checked } from "./check.ts";

/**
 * The plan with a set of ARC fields before each copy that leaves. A message that cannot be sealed goes on unsealed: it is
 * worth what it was before there was ARC.
 */
export function* sealForwarded(
  plan: Plan,
  args: Args<"message.receive">,
  { found, body }: Pick<Checked, "found" | "body">,
  fields: string,
  now: number,
): Program<Plan> {
  // What a filter has changed is not what was found; what it wrote itself was never checked.
  const leaves = ({ domain, blobId }: QueueEntry): boolean => domain !== null && blobId === undefined;
  if (found === null || !plan.queued.some(leaves)) return plan;
  const { traceId } = args;
  const prefix = utf8Bytes(fields);
  let seal: string;
  try {
    const answer = yield* ask("message.seal", { domains: ourDomains(args), ...body, prefix, now, ...found });
    if ("unsealed" in answer) {
      yield logEvent("debug", "message.unsealed", { traceId, reason: answer.unsealed });
      return plan;
    }
    seal = answer.fields;
  } catch (error) {
    if (!(error instanceof OpFailed)) throw error;
    yield logEvent("warn", "message.unsealed", { traceId, reason: error.message });
    return plan;
  }
  const sealed = (entry: QueueEntry): QueueEntry => (
    leaves(entry) ? { ...entry, prefix: concatBytes([latin1Bytes(seal), entry.prefix]) } : entry
  );
  return { ...plan, queued: plan.queued.map(sealed) };
}

/** The domains that it was written to: they are ours, and one of them forwards it. */
function ourDomains({ envelope }: Args<"message.receive">): string[] {
  const domains = envelope.recipients.map(({ forwardPath }) => forwardPath.slice(forwardPath.lastIndexOf("@") + 1));
  return [...new Set(domains)].slice(0, 5);
}
