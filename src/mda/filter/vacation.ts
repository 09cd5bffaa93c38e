/** An answer without a script: the settings of an account as a script of its own (RFC 8621 section 8). */
import type { VacationSettings } from "../../contract/mod.ts";

/** The script, or null: nobody is answered now. */
export function vacationScript(vacation: VacationSettings | null, now: number): string | null {
  if (vacation === null || !vacation.enabled) return null;
  if (vacation.from !== null && now < vacation.from) return null;
  if (vacation.to !== null && now >= vacation.to) return null;
  const subject = vacation.subject === null ? "" : ` :subject ${quoted(vacation.subject)}`;
  return `require "vacation";\nvacation${subject} ${quoted(vacation.text)};\n`;
}

/** RFC 5228 section 2.4.2: line ends are CRLF. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replace(/\r\n|\r|\n/g, "\r\n")}"`;
}
