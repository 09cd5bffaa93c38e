/** A row for a program, a Maildir, an mbox or a service: handed over there, and settled as any other. */
import { logEvent, type QueueJob } from "../../contract/mod.ts";
import type { AcceptArgs } from "../../contract/mod.ts";
import { parseTargetWay, targetKey, type TargetWay } from "../../mda/mod.ts";
import { type Attempted, deliverLocal } from "../../mta/queue/mod.ts";
import { ownTemporary } from "../../smtp/client/mod.ts";
import type { BodySinks } from "../body_sinks.ts";
import type { DeliveryConfig } from "../config/delivery.ts";
import type { Attempt, Experience } from "./attempt.ts";
import { localFacts, type OutboundParts } from "./parts.ts";
import { sendByTransport } from "./transports/send_by_transport.ts";

/** What became of the rows, and what is delivered here instead. */
export interface HandedOver {
  readonly attempted: readonly Attempted[];
  readonly notices: readonly AcceptArgs[];
  readonly experience: Experience;
  readonly notBefore: number;
}

/** Its place, where that is none of the store's and of no server's. */
export function handOverOf({ domain, route }: Pick<QueueJob, "domain" | "route">): TargetWay | null {
  return domain === null ? parseTargetWay(route) : null;
}

/** How many hand-overs at once each place takes, by the key of its rows. */
export function targetLimits({ programs }: DeliveryConfig): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(programs).map(([name, { processes }]) => [targetKey({ target: `program:${name}` }), processes]),
  );
}

/** Never rejects for the place's sake. */
export async function handOver(
  attempt: Attempt,
  way: TargetWay,
  sinks: BodySinks,
  parts: OutboundParts,
): Promise<HandedOver> {
  const { job } = attempt;
  const place = way.target.replace(":", " ");
  const transport = parts.targetOf(way);
  if (transport === null) {
    const result = ownTemporary("4.3.5", `the configuration has no ${place}`);
    const attempted = job.recipients.map((row) => ({ row, result, ...NOBODY, place: "this server" }));
    return { attempted, notices: [], experience: null, notBefore: 0 };
  }
  const relay = { host: place, protocol: "custom", tls: "none" } as const;
  // What is written here asks no other server for TLS.
  const here = { ...attempt, job: { ...job, sender: { ...job.sender, requireTls: false } } };
  const { attempted, experience, notBefore } = await sendByTransport(here, relay, transport, parts);
  const notices: AcceptArgs[] = [];
  const settled: Attempted[] = [];
  for (const one of attempted) {
    const said = { ...one, ...NOBODY, place };
    const refused = one.result.kind === "permanent" && way.orKeep;
    const { filter: _, ...facts } = localFacts(parts);
    const kept = refused ? await parts.runMaking(deliverLocal(job, one.row, facts), sinks) : null;
    if (kept?.notice) notices.push(kept.notice);
    if (kept !== null) parts.log(logEvent("info", "target.kept", { traceId: job.traceId, place }));
    settled.push(kept === null ? said : { ...said, result: kept.result, place: `INBOX, refused by ${place}` });
  }
  return { attempted: settled, notices, experience, notBefore };
}

const NOBODY = { host: null, tls: null, local: false, dsn: false };
