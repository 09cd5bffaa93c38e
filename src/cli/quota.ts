import type { Option } from "./command.ts";
import { usage } from "./exit.ts";
import { formatSize, parseSize } from "../server/config/units.ts";
import { parseDigits } from "../base/ascii.ts";

/** Limits of an account, on the command line. */
export const QUOTA_OPTIONS: readonly Option[] = [
  { name: "quota", value: "SIZE", help: 'how much mail it may hold, as 5GB; "none" for no limit' },
  { name: "quota-messages", value: "NUMBER", help: 'how many messages it may hold; "none" for no limit' },
];

export interface Quota {
  readonly bytes: number | null;
  readonly messages: number | null;
}

/** The quota that the options set, over `now`; undefined where they set none. Throws `Exit`. */
export function chosenQuota(options: ReadonlyMap<string, string>, now: Quota): Quota | undefined {
  const size = options.get("quota");
  const count = options.get("quota-messages");
  if (size === undefined && count === undefined) return undefined;
  const bytes = size === undefined ? now.bytes : size === "none" ? null : parseSize(size);
  const messages = count === undefined ? now.messages : count === "none" ? null : parseDigits(count);
  if (bytes === null && size !== undefined && size !== "none") {
    throw usage(`--quota ${size} is no size; it should be as 500MB or 5GB, or none`);
  }
  if (messages === null && count !== undefined && count !== "none") {
    throw usage(`--quota-messages ${count} is no number`);
  }
  return { bytes, messages };
}

/** `1.2MB of 5GB` */
export function usageText(usage: { readonly bytes: number }, quota: Quota): string {
  return quota.bytes === null ? formatSize(usage.bytes) : `${formatSize(usage.bytes)} of ${formatSize(quota.bytes)}`;
}
