/** One connection under a TLS policy: its certificate is judged when it is shown, and its result told afterwards. */
import type { QueueJob } from "../../contract/mod.ts";
import { readChain } from "../../mailauth/dane/mod.ts";
import type { TlsFailureType } from "../../mailauth/tls_report/mod.ts";
import type { HostTls } from "../../mta/tls_policy.ts";
import { judgeCertificate, type TlsVerdict } from "../../mta/tls_verdict.ts";
import type { ConnectTls } from "../../net/connect.ts";
import type { PeerCertificates } from "../../net/peer_certificates.ts";
import { type AttemptResult, ownTemporary, type RecipientResult } from "../../smtp/client/mod.ts";
import type { Exchanger, TlsPolicies } from "./tls_policies.ts";

export class TlsSession {
  readonly #tls: HostTls;
  readonly #host: Exchanger;
  readonly #policies: TlsPolicies;
  readonly #now: () => number;
  /** What is wrong with the certificate, once it was shown. */
  #verdict: TlsVerdict | null = null;

  constructor(tls: HostTls, host: Exchanger, policies: TlsPolicies, now: () => number) {
    this.#tls = tls;
    this.#host = host;
    this.#policies = policies;
    this.#now = now;
  }

  /** How the connection does TLS. */
  connectTls(): Pick<ConnectTls, "serverName" | "rejectUnauthorized" | "ca" | "check"> {
    const { demand, testing } = this.#tls;
    const { ca } = this.#policies;
    return {
      // RFC 7672 section 8.1: SNI is the name that the records stand under.
      serverName: demand.kind === "dane" ? demand.base : this.#host.name,
      rejectUnauthorized: false,
      ...(ca === undefined ? {} : { ca }),
      ...(demand.kind === "dane" || demand.kind === "pkix" || testing ? { check: this.#check } : {}),
    };
  }

  /** Words for results that the policy brought about, and a count for the report. */
  ended(came: AttemptResult, job: QueueJob): AttemptResult {
    const failure = this.#failureOf(came);
    if (failure !== null || came.tls !== null) {
      const details = failure && {
        type: failure.type,
        receivingHost: this.#host.name,
        receivingHelo: came.serverName,
        receivingIp: this.#host.address,
      };
      this.#policies.count(job, this.#tls.policy, details);
    }
    if (failure === null || this.#tls.demand.kind === "opportunistic" || failure.text === null) return came;
    const text = failure.text.replace(/^the /, "The ");
    const result = ownTemporary(failure.type === "starttls-not-supported" ? "4.7.10" : "4.7.5", text);
    const worded = (before: RecipientResult) => before.kind === "temporary" && !before.remote ? result : before;
    return { ...came, recipients: came.recipients.map(worded) };
  }

  #failureOf(came: AttemptResult): { readonly type: TlsFailureType; readonly text: string | null } | null {
    if (this.#verdict !== null) return this.#verdict;
    if (came.tls !== null) return null;
    const { by } = this.#tls;
    const because = by === null ? "" : `, which ${by} ${by.endsWith("records") ? "ask" : "asks"} for`;
    const own = came.recipients.find(({ remote, enhanced }) =>
      !remote && (enhanced === "4.7.10" || enhanced === "4.7.5")
    );
    if (came.tlsFailed || own?.enhanced === "4.7.5") {
      return { type: "validation-failure", text: `TLS with ${this.#host.name} fails${because}` };
    }
    if (!came.letIn && own === undefined) return null; // it did not come to that
    return { type: "starttls-not-supported", text: `${this.#host.name} does not offer TLS${because}` };
  }

  readonly #check = ({ chain, problem, keyIsProven }: PeerCertificates): string | null => {
    const seen = { chain: readChain(chain), problem, keyIsProven };
    this.#verdict = judgeCertificate(this.#tls, this.#host.name, seen, this.#now());
    return this.#tls.testing ? null : this.#verdict?.text ?? null;
  };
}
