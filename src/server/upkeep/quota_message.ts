import type { QuotaState } from "../../contract/mod.ts";
import { buildMessage, formatDate } from "../../message/mod.ts";
import { formatSize } from "../config/units.ts";

/** What somebody is told whose mailbox fills up. `unique`: letters and digits; `now` milliseconds since 1970. */
export function quotaMessage(
  { address, quota, usage }: QuotaState,
  percent: number,
  unique: string,
  now: number,
): Uint8Array {
  const domain = address.slice(address.lastIndexOf("@") + 1);
  const used = [
    ...(quota.bytes === null ? [] : [`${formatSize(usage.bytes)} of ${formatSize(quota.bytes)}`]),
    ...(quota.messages === null ? [] : [`${usage.messages} of ${quota.messages} messages`]),
  ].join(", ");
  const text = `Your mailboxes at ${address} are ${percent} % full: ${used}.\n\n` +
    "When they are full, mail to you is put off and then sent back to its senders.\n" +
    "Delete what you do not need, and empty the trash; or ask your administrator for more room.\n";
  return buildMessage({
    headers: [
      ["From", `"Mail server" <postmaster@${domain}>`],
      ["To", address],
      ["Subject", `Your mailboxes are ${percent} % full`],
      ["Date", formatDate(now)],
      ["Message-ID", `<${unique}@${domain}>`],
      ["Auto-Submitted", "auto-generated"], // RFC 3834: nobody is to answer
    ],
    body: { type: "text/plain", text },
  }, unique);
}
