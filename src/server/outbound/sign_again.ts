/** A message whose body was encoded anew: our own DKIM signatures over the old one are replaced by new ones. */
import { concatBytes, latin1Bytes } from "../../base/bytes.ts";
import { logEvent, type QueueJob } from "../../contract/mod.ts";
import { headerFields, unfold } from "../../message/mod.ts";
import type { OutboundParts } from "./parts.ts";

const MOST_DOMAINS = 10;

/** What we put before a message is its prefix: a signature there is ours. Where nobody can sign any more it goes. */
export async function signedAgain(job: QueueJob, parts: OutboundParts): Promise<QueueJob> {
  const { blobId, size } = job;
  const signatures = headerFields(job.prefix).filter(({ name }) => name === "dkim-signature");
  if (signatures.length === 0) return job;
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of signatures) {
    kept.push(job.prefix.subarray(at, start));
    at = end;
  }
  const prefix = concatBytes([...kept, job.prefix.subarray(at)]);
  const domains = [...new Set(signatures.map(({ raw }) => domainOf(raw)).filter((domain) => domain !== ""))];
  const args = { domains: domains.slice(0, MOST_DOMAINS), blobId, size, prefix, now: parts.clock.wall() };
  const signed = await parts.sign(args).catch((error) => {
    // Keys that cannot be read are no reason to keep mail back.
    parts.log(logEvent("warn", "message.unsigned", { traceId: job.traceId, reason: String(error) }));
    return { unsigned: "noKeys" as const };
  });
  return { ...job, prefix: "fields" in signed ? concatBytes([latin1Bytes(signed.fields), prefix]) : prefix };
}

/** The tag `d=` (RFC 6376 section 3.5). */
function domainOf(raw: string): string {
  return /(?:^|;)\s*d\s*=\s*([^;\s]{1,255})/.exec(unfold(raw))?.[1] ?? "";
}
