/** Which MX hosts a policy lets mail go to (RFC 8461 sections 4.1 and 5). */
import { stsName, type StsPolicy } from "./policy.ts";

/** Whether a host name is one of the policy's; `*.` stands for exactly one label (section 4.1). */
export function matchesStsPolicy(policy: StsPolicy, host: string): boolean {
  const name = stsName(host);
  if (name === null) return false;
  const dot = name.indexOf(".");
  const above = dot < 0 ? null : `*${name.slice(dot)}`;
  return policy.mx.some((pattern) => pattern === name || pattern === above);
}

/** What a policy asks of the hosts of a domain. */
export interface StsPlan {
  /**
   * `enforce`: only to hosts that match, and only over TLS with a certificate that names the host and is valid for the
   * public. `testing`: the same is looked at and reported, but mail goes. `none`: there is nothing to look at.
   */
  readonly mode: StsPolicy["mode"];
  /** Hosts that match, in the order given. */
  readonly hosts: readonly string[];
  /** Hosts that do not: `validation-failure` in a report, and with `enforce` no mail for them. */
  readonly refused: readonly string[];
}

/**
 * Compares the MX hosts of a domain with its policy; null stands for no policy. Where DANE applies to a host, DANE decides
 * and this must not override it (section 2).
 */
export function stsPlan(policy: StsPolicy | null, hosts: readonly string[]): StsPlan {
  if (policy === null || policy.mode === "none") return { mode: "none", hosts, refused: [] };
  const matching = hosts.filter((host) => matchesStsPolicy(policy, host));
  return { mode: policy.mode, hosts: matching, refused: hosts.filter((host) => !matching.includes(host)) };
}
