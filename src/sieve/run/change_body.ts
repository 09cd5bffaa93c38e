/** What changes of the body have in common (RFC 5703 sections 5 and 6). */
import { latin1Bytes, latin1String } from "../../base/bytes.ts";
import { buildMessage } from "../../message/build.ts";
import { SieveFault } from "../match/budget.ts";
import type { Run } from "./run.ts";

/** Counts a change of the message's body. @throws SieveFault where there were too many */
export function countChange(run: Run): void {
  const { bodyChanges } = run.limits;
  if (++run.bodyChanges > bodyChanges) throw new SieveFault(`more than ${bodyChanges} changes of the message`);
}

/** The words of a text as a MIME entity. */
export function textEntity(run: Run, text: string): Uint8Array {
  const whole = buildMessage({ headers: [], body: { type: "text/plain", text } }, run.facts.seed);
  return latin1Bytes(latin1String(whole).replace(/^MIME-Version: 1\.0\r\n/m, ""));
}

/** RFC 2046 section 5.1.1: the line end before a boundary belongs to the boundary. */
export function withoutLastLineEnd(octets: Uint8Array): Uint8Array {
  const end = octets.length;
  return end >= 2 && octets[end - 2] === 13 && octets[end - 1] === 10 ? octets.subarray(0, end - 2) : octets;
}
