/** From a TLS report to the rows that are kept of it. */
import { z } from "zod";
import type { TlsPolicyCount } from "../../mailauth/mod.ts";

/** Sessions that ended alike; `failure` null went well. */
export const tlsRow = z.strictObject({
  day: z.string(),
  reporter: z.string(),
  policy: z.enum(["tlsa", "sts", "no-policy-found"]),
  failure: z.string().nullable(),
  host: z.string().nullable(),
  sendingIp: z.string().nullable(),
  reason: z.string().nullable(),
  count: z.number().int().min(0),
});
export type TlsRow = z.output<typeof tlsRow>;

type Kind = Omit<TlsRow, "day" | "reporter">;

/** Kinds of failure of one policy that are kept, the largest first; the rest is `unspecified`. */
const KINDS_LIMIT = 200;

export function tlsKinds({ policy: { type }, succeeded, failed, details }: TlsPolicyCount): Kind[] {
  const plain = { policy: type, host: null, sendingIp: null, reason: null };
  const kept = [...details].sort((a, b) => b.count - a.count).slice(0, KINDS_LIMIT);
  const told = kept.reduce((sum, one) => sum + one.count, 0);
  const kinds: Kind[] = [
    { ...plain, failure: null, count: succeeded },
    ...kept.map(({ failure, count }): Kind => ({
      policy: type,
      failure: failure.type,
      host: shortText(failure.receivingHost ?? failure.receivingIp, 255),
      sendingIp: shortText(failure.sendingIp, 45),
      reason: shortText(failure.reasonCode, 100),
      count,
    })),
    { ...plain, failure: "unspecified", count: Math.max(0, failed - told) },
  ];
  return kinds.filter(({ count }) => count > 0);
}

function shortText(text: string | null, most: number): string | null {
  // deno-lint-ignore no-control-regex
  const plain = (text ?? "").slice(0, most).replace(/[\0-\x1f\x7f-\x9f]/g, " ").trim();
  return plain === "" ? null : plain;
}
