/** Jobs of one message that go to the same hosts are one: recipients of many domains behind one relay or exchanger. */
import { equalBytes } from "../../base/bytes.ts";
import type { QueueJob } from "../../contract/mod.ts";
import type { Claimed } from "./attempt.ts";
import { type OutboundParts, relayKey, relayOf, wayOf as chosenWay } from "./parts.ts";
import { hopOf, isOursNow } from "./send_job.ts";

/** Recipients of a job: what every server takes in one transaction (RFC 5321 section 4.5.3.1.8). */
const MOST = 100;

/** The jobs of one claim, those of the same message together. */
export function byMessage(claimed: readonly Claimed[]): readonly (readonly Claimed[])[] {
  const groups = new Map<string, Claimed[][]>();
  for (const one of claimed) {
    const { traceId, blobId } = one.job;
    const name = one.job.domain === null ? "" : `${traceId} ${blobId}`;
    const alike = groups.get(name) ?? [];
    groups.set(name, alike);
    const group = name === "" ? undefined : alike.find(([first]) => sameEnvelope(first!.job, one.job));
    if (group) group.push(one);
    else alike.push([one]);
  }
  return [...groups.values()].flat();
}

function sameEnvelope(a: QueueJob, b: QueueJob): boolean {
  return JSON.stringify(a.sender) === JSON.stringify(b.sender) && equalBytes(a.prefix, b.prefix);
}

/** Joins those of one message whose domains lead to the same hosts. Never rejects. */
export async function joined(alike: readonly Claimed[], parts: OutboundParts): Promise<readonly Claimed[]> {
  const ways = await Promise.all(alike.map((claimed) => wayOf(claimed, parts)));
  const open = new Map<string, Claimed>();
  const done: Claimed[] = [];
  for (const [i, one] of alike.entries()) {
    const way = ways[i]!;
    const before = way === null ? undefined : open.get(way);
    if (way === null) done.push(one);
    else if (before && before.job.recipients.length + one.job.recipients.length <= MOST) {
      open.set(way, together(before, one));
    } else {
      if (before) done.push(before);
      open.set(way, one);
    }
  }
  return [...open.values(), ...done];
}

/** Two jobs with the same way have the same hosts in the same order, and the same TLS there; null: its own. */
async function wayOf({ job }: Claimed, parts: OutboundParts): Promise<string | null> {
  try {
    if (job.domain === null || await parts.run(isOursNow(job))) return null;
    const relay = relayOf(job, parts.policy);
    if (relay && parts.transportOf(relay)) {
      return JSON.stringify(["transport", relayKey(relay), relay.http?.url ?? null]);
    }
    const hop = await hopOf(job, job.domain, parts);
    if (hop.kind === "none") return null;
    const { domain } = chosenWay(job, job.domain);
    const hosts = hop.hosts.map(({ name, address, port, relay }) => [
      name,
      address,
      port,
      relay && [relay.protocol, relay.tls, relay.ca, relay.username],
    ]);
    const tls: (string | null)[] = [];
    for (const host of hop.hosts) tls.push(host.relay ? null : await parts.tls.key(job, domain, host));
    return JSON.stringify([hop.authenticated, hosts, tls]);
  } catch {
    return null; // its own attempt will say what is wrong
  }
}

function together(a: Claimed, b: Claimed): Claimed {
  const leaseUntil = Math.min(a.job.leaseUntil, b.job.leaseUntil);
  return { ...a, job: { ...a.job, leaseUntil, recipients: [...a.job.recipients, ...b.job.recipients] } };
}
