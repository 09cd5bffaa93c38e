/** Whether the certificate that a host showed is what was demanded, in the words of a report and of a person. */
import { type ChainCertificate, matchDane } from "../mailauth/dane/mod.ts";
import type { TlsFailureType } from "../mailauth/tls_report/mod.ts";
import type { HostTls } from "./tls_policy.ts";

/** A certificate as it was seen. */
export interface SeenCertificate {
  /** The chain, the server's own first; null: it cannot be read. */
  readonly chain: readonly ChainCertificate[] | null;
  /** Why it is not good for the public under the host's name; null: it is. */
  readonly problem: "name" | "expired" | "untrusted" | null;
  /** Whether the server has shown that the key is its own. */
  readonly keyIsProven: boolean;
}

/** What is wrong. */
export interface TlsVerdict {
  readonly type: TlsFailureType;
  /** A sentence that fits behind "because". */
  readonly text: string;
}

/** Null: it is as demanded, or nothing is. Under `testing` it is judged as `enforce` would. `now` in milliseconds. */
export function judgeCertificate(tls: HostTls, host: string, seen: SeenCertificate, now: number): TlsVerdict | null {
  const { demand } = tls;
  if (demand.kind === "dane") return judgeDane(demand, host, seen, now);
  if (demand.kind !== "pkix" && !tls.testing) return null;
  if (tls.strange) return { type: "validation-failure", text: `the MTA-STS policy does not name ${host}` };
  const because = tls.by === null ? "" : `, which ${tls.by} asks for`;
  switch (seen.problem) {
    case "name":
      return { type: "certificate-host-mismatch", text: `the certificate of ${host} is for another name${because}` };
    case "expired":
      return { type: "certificate-expired", text: `the certificate of ${host} is out of its time${because}` };
    case "untrusted":
      return {
        type: "certificate-not-trusted",
        text: `the certificate of ${host} is not by an authority that is trusted here${because}`,
      };
    case null:
      return null;
  }
}

function judgeDane(
  demand: Extract<HostTls["demand"], { kind: "dane" }>,
  host: string,
  { chain, keyIsProven }: SeenCertificate,
  now: number,
): TlsVerdict | null {
  if (chain === null || !keyIsProven) {
    return {
      type: "validation-failure",
      text: `the certificate of ${host} is broken, so its DANE records cannot match`,
    };
  }
  const { base, records, references } = demand;
  const match = matchDane(records, chain, references, now);
  if (match.kind === "match") return null;
  switch (match.why) {
    case "noRecordMatches": {
      const which = records.length === 1 ? "record" : "records";
      const verb = records.length === 1 ? "does" : "do";
      return {
        type: "certificate-not-trusted",
        text: `the DANE ${which} of ${base} ${verb} not match its certificate`,
      };
    }
    case "nameMismatch":
      return {
        type: "certificate-host-mismatch",
        text: `the certificate of ${host} is by the authority of its DANE records, but for another name`,
      };
    case "expired":
      return {
        type: "certificate-expired",
        text: `the certificate of ${host} is by the authority of its DANE records, but out of its time`,
      };
    case "brokenChain":
      return {
        type: "certificate-not-trusted",
        text: `the certificates of ${host} do not lead to the authority of its DANE records`,
      };
  }
}
