/** An answer without a script: the settings of an account as a script of its own (RFC 8621 section 8). */
import { latin1String, utf8Bytes } from "../../base/bytes.ts";
import type { VacationSettings } from "../../contract/mod.ts";
import { encodeQuotedPrintable, plainText } from "../../message/mod.ts";

/** The script, or null: nobody is answered now. */
export function vacationScript(vacation: VacationSettings | null, now: number): string | null {
  if (vacation === null || !vacation.enabled) return null;
  if (vacation.from !== null && now < vacation.from) return null;
  if (vacation.to !== null && now >= vacation.to) return null;
  const subject = vacation.subject === null ? "" : ` :subject ${quoted(vacation.subject)}`;
  const { text, html = null } = vacation;
  if (html === null) return `require "vacation";\nvacation${subject} ${quoted(text === "" ? AWAY : text)};\n`;
  return `require "vacation";\nvacation${subject} :mime ${quoted(both(text === "" ? plainText(html) : text, html))};\n`;
}

/** Where nobody said what (RFC 8621 section 8, textBody). */
const AWAY = "I am away at the moment and read your message when I am back.";

/** The text and the HTML, for whoever reads the one or the other (RFC 8621 section 8, htmlBody). */
function both(text: string, html: string): string {
  const part = (subtype: string, body: string) => {
    const octets = encodeQuotedPrintable(utf8Bytes(body.replace(/\r\n|\r|\n/g, "\r\n")));
    return `--${BOUNDARY}\r\nContent-Type: text/${subtype}; charset=utf-8\r\n` +
      `Content-Transfer-Encoding: quoted-printable\r\n\r\n${latin1String(octets)}\r\n`;
  };
  const parts = part("plain", text) + part("html", html);
  return `Content-Type: multipart/alternative; boundary="${BOUNDARY}"\r\n\r\n${parts}--${BOUNDARY}--\r\n`;
}

/** In quoted-printable no line begins with `--=_` (RFC 2045 section 6.7). */
const BOUNDARY = "=_answer";

/** RFC 5228 section 2.4.2: line ends are CRLF. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replace(/\r\n|\r|\n/g, "\r\n")}"`;
}
