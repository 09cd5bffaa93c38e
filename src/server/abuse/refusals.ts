/** The words for those whom the guard refuses, and which refusals of others it counts. */
import { lowerAscii } from "../../base/ascii.ts";
import type { ListAnswer } from "../../abuse/mod.ts";
import { waitText } from "../../abuse/mail_limits.ts";
import type { Refusal } from "../../contract/mod.ts";

/** Temporary: a ban ends, and a server that was mended comes back with its mail. */
export const BANNED: Refusal = { code: 421, enhanced: "4.7.0", text: "Your address is refused here for a time" };
export const PROBED: Refusal = {
  code: 421,
  enhanced: "4.7.0",
  text: "Too many unknown recipients; closing the connection",
};

/** The weightiest list, in its own words where it has some. */
export function listedRefusal(address: string, on: readonly ListAnswer[]): Refusal {
  const { list, text } = on[0]!;
  const words = text === null ? "" : `: ${text}`;
  return { code: 554, enhanced: "5.7.1", text: `${address} is listed at ${list.name}${words}` };
}

/** RFC 6647 section 5: temporary, at RCPT. */
export function greylistRefusal(waitMs: number): Refusal {
  return { code: 450, enhanced: "4.7.1", text: `Your server is not known here yet; try again in ${waitText(waitMs)}` };
}

/** RFC 3463 X.1: nobody of that name; X.7.1: not ours. */
export function isUnknown({ code, enhanced }: Refusal): boolean {
  return code >= 550 && (enhanced.startsWith("5.1.") || enhanced === "5.7.1");
}

/** RFC 5321 section 4.5.1: whoever is refused by mistake must be able to say so. */
export function isPostmaster(forwardPath: string): boolean {
  return /^postmaster(@|$)/.test(lowerAscii(forwardPath));
}
