/** Quota roots as RFC 9208 names and prints them. */
import type { QuotaState } from "../contract/mod.ts";
import { octetsOf, utf8String } from "./wire/strings.ts";

const UNIT = 1024; // octets of STORAGE's unit (RFC 9208 section 5.1)

/** The name of an account's one root, as octets (latin1). */
export function rootName(quota: QuotaState): string {
  return octetsOf(`#user/${quota.address}`);
}

/** The untagged QUOTA response; resources without a limit are not named (RFC 9208 section 4.2.1). */
export function formatQuota(state: QuotaState, utf8: boolean): string {
  const { quota, usage } = state;
  const resources: string[] = [];
  if (quota.bytes !== null) {
    resources.push(`STORAGE ${Math.ceil(usage.bytes / UNIT)} ${Math.floor(quota.bytes / UNIT)}`);
  }
  if (quota.messages !== null) resources.push(`MESSAGE ${usage.messages} ${quota.messages}`);
  return `* QUOTA ${utf8String(`#user/${state.address}`, utf8)} (${resources.join(" ")})\r\n`;
}
