/**
 * What the exit code of a program says (sysexits.h, and qmail's 99, 100 and 111). Temporary unless proven permanent: a
 * program that crashed, that is not there or wrongly called is our own fault, and no mail goes back for it.
 */
import { later, never, taken } from "./place.ts";
import type { TransportAnswer } from "../outbound/transports/transport.ts";

const NEVER: ReadonlyMap<number, readonly [enhanced: string, words: string]> = new Map([
  [65, ["5.6.0", "it cannot read the message"]], // EX_DATAERR
  [67, ["5.1.1", "there is no such user"]], // EX_NOUSER
  [68, ["5.1.2", "there is no such host"]], // EX_NOHOST
  [69, ["5.3.0", "it does not take the message"]], // EX_UNAVAILABLE
  [76, ["5.5.0", "it does not understand the message"]], // EX_PROTOCOL
  [77, ["5.7.0", "it may not take the message"]], // EX_NOPERM: a full mailbox, a filter that refuses
  [100, ["5.3.0", "it refuses the message"]], // qmail
]);

/** Ours, and so for all messages. */
const BROKEN: ReadonlySet<number> = new Set([64, 78, 126, 127]);

/** `said`: what the program wrote, in one line. */
export function readExit(code: number, said: string): TransportAnswer {
  const more = said === "" ? "" : `: ${said}`;
  if (code === 0 || code === 99) return taken(`exit code ${code}${more}`);
  const known = NEVER.get(code);
  if (known) return never(`${known[1]} (exit code ${code})${more}`, known[0]);
  if (BROKEN.has(code)) return later(`it is not set up (exit code ${code})${more}`, "4.3.5", true);
  return later(`exit code ${code}${more}`);
}
