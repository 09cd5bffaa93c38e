/**
 * Reports to senders: what became of their message (RFC 3464 in the multipart/report of RFC 6522).
 *
 * Three parts: words for a person, fields for a program, and the message they are about, or its header. The report
 * goes to the reverse-path from the null sender, so it can never be answered by another report.
 */
import { isAscii } from "../base/ascii.ts";
import { concatBytes, utf8Bytes } from "../base/bytes.ts";
import type { EnvelopeSender, MailEnvelope } from "../contract/mod.ts";
import { buildField, buildMessage, type OutgoingPart } from "../message/build.ts";
import { formatDate } from "../message/date.ts";
import type { BounceRequest } from "./bounce_request.ts";
import { explain, headline, singleLine } from "./bounce_words.ts";
import type { Reported } from "./queue/mod.ts";

export type { BounceRequest } from "./bounce_request.ts";

export interface Bounce {
  readonly envelope: MailEnvelope;
  readonly bytes: Uint8Array;
}

/** Octets of a message that a report returns at most, whatever RET says: reports must not carry an attack back. */
export const RETURN_LIMIT = 256 * 1024;

/** Whether the whole message is returned, or its header: RFC 3461 section 4.3; only a failure returns content. */
export function returnsWhole(sender: EnvelopeSender, reports: readonly Reported[], size: number): boolean {
  return sender.ret === "full" && size <= RETURN_LIMIT && reports.some(({ action }) => action === "failed");
}

/** Writes a report. Null: there is nobody to tell (RFC 5321 section 4.5.5: never in answer to the null sender). */
export function buildBounce(request: BounceRequest): Bounce | null {
  const { sender, reports, hostname, original } = request;
  if (sender.reversePath === "" || reports.length === 0) return null;
  const utf8 = [sender.reversePath, ...reports.map(({ row }) => row.recipient.forwardPath)].some((text) =>
    !isAscii(text)
  );
  const headers: [string, string][] = [
    ["From", `Mail Delivery System <MAILER-DAEMON@${hostname}>`],
    ["To", sender.reversePath],
    ["Subject", headline(reports, original.subject)],
    ["Date", formatDate(request.now)],
    ["Message-ID", `<${request.id}@${hostname}>`],
    // RFC 3834 section 5: nobody's holiday notice answers this.
    ["Auto-Submitted", "auto-replied"],
  ];
  if (original.messageId !== null && isReference(original.messageId)) {
    headers.push(["In-Reply-To", original.messageId], ["References", original.messageId]);
  }
  const parts: OutgoingPart[] = [
    { type: "text/plain", text: explain(request), headers: [["Content-Description", "Notification"]] },
    {
      // RFC 6533 section 4: addresses in UTF-8 have a type of their own.
      type: utf8 ? "message/global-delivery-status" : "message/delivery-status",
      bytes: statusFields(request, utf8),
      headers: [["Content-Description", "Delivery report"]],
    },
    {
      type: returnedType(original, sender.smtputf8),
      bytes: original.bytes,
      headers: [["Content-Description", original.whole ? "Undelivered message" : "Header of the message"]],
    },
  ];
  const body = { type: "multipart/report; report-type=delivery-status", parts };
  const bytes = buildMessage({ headers, body }, request.id);
  return { bytes, envelope: envelopeOf(sender, bytes, utf8) };
}

/**
 * RFC 6533 section 6: header fields in UTF-8 may not stand in the types of before. Octets above 127 in what was not sent
 * with SMTPUTF8 are no UTF-8, but old habits.
 */
function returnedType({ bytes, whole }: BounceRequest["original"], smtputf8: boolean): string {
  const end = !smtputf8 ? 0 : whole ? headerEnd(bytes) : bytes.length;
  for (let i = 0; i < end; i++) {
    if (bytes[i]! > 127) return whole ? "message/global" : "message/global-headers";
  }
  return whole ? "message/rfc822" : "text/rfc822-headers";
}

/** Behind the blank line, or all of it. */
function headerEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10 || (bytes[at + 1] === 13 && bytes[at + 2] === 10)) return at;
  }
  return bytes.length;
}

function envelopeOf(to: EnvelopeSender, bytes: Uint8Array, smtputf8: boolean): MailEnvelope {
  const sender: EnvelopeSender = {
    reversePath: "",
    size: bytes.length,
    body: bytes.some((octet) => octet > 127) ? "8bitmime" : "7bit",
    smtputf8,
    requireTls: false, // RFC 8689 section 5 leaves it open; a report that is stuck helps nobody
    ret: null,
    envid: null,
  };
  // RFC 3461 section 6.1: NOTIFY=NEVER on a report.
  return { sender, recipients: [{ forwardPath: to.reversePath, notify: [], orcpt: null }] };
}

/** RFC 3464 section 2.1: a group for the message, then one for each recipient, apart by blank lines. */
function statusFields(request: BounceRequest, utf8: boolean): Uint8Array {
  const { hostname, sender, reports } = request;
  const pieces: Uint8Array[] = [];
  const field = (name: string, value: string) => void pieces.push(buildField(name, singleLine(value)));
  if (sender.envid !== null) field("Original-Envelope-Id", sender.envid);
  field("Reporting-MTA", `dns; ${hostname}`);
  field("Arrival-Date", formatDate(request.arrivedAt));
  for (const report of reports) {
    const { row, result, host, action, dueAt } = report;
    const { orcpt, forwardPath } = row.recipient;
    pieces.push(utf8Bytes("\r\n"));
    // RFC 6533 section 3: utf-8-addr-unitext may stand in a message/global-delivery-status.
    const plain = (name: string, value: string) => void pieces.push(utf8Bytes(`${name}: ${singleLine(value)}\r\n`));
    if (orcpt !== null) plain("Original-Recipient", orcptText(orcpt));
    plain("Final-Recipient", `${utf8 && !isAscii(forwardPath) ? "utf-8" : "rfc822"}; ${forwardPath}`);
    field("Action", action);
    field("Status", statusOf(report));
    if (host !== null) field("Remote-MTA", `dns; ${host}`);
    // RFC 3464 section 2.3.6: only what another server said is an SMTP diagnostic.
    const kind = result.remote ? "smtp" : "x-palomar";
    field("Diagnostic-Code", `${kind}; ${result.code} ${result.enhanced} ${result.text}`);
    field("Last-Attempt-Date", formatDate(request.now));
    if (action === "delayed") field("Will-Retry-Until", formatDate(row.expiresAt));
    if (action === "delayed" && dueAt !== null) field("X-Palomar-Next-Attempt", formatDate(dueAt));
  }
  return concatBytes(pieces);
}

function orcptText(orcpt: string): string {
  const semicolon = orcpt.indexOf(";");
  return semicolon < 0 ? `rfc822; ${orcpt}` : `${orcpt.slice(0, semicolon)}; ${orcpt.slice(semicolon + 1)}`;
}

/** RFC 3464 section 2.3.4: agrees with the action. Time that ran out is X.4.7 (RFC 3463 section 3.5). */
function statusOf({ action, expired, result }: Reported): string {
  if (expired) return "5.4.7";
  const rest = result.enhanced.slice(1);
  return `${action === "failed" ? 5 : action === "delayed" ? 4 : 2}${rest === "" ? ".0.0" : rest}`;
}

/** A Message-ID that can stand in our header. */
function isReference(text: string): boolean {
  return text.length <= 250 && isAscii(text) && text.startsWith("<") && text.endsWith(">") && !text.includes(" ");
}
