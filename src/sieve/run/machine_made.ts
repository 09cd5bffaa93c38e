/** Messages that no person waits for an answer to (RFC 3834 section 2, RFC 5230 section 4.6). */
import { lowerAscii } from "../../base/ascii.ts";
import { fieldText, type HeaderField } from "../../message/header.ts";

/** Senders of lists and of machines. */
const SENDERS =
  /^(mailer-daemon|postmaster|listserv|listproc|majordomo|mdaemon|daemon|bounces?|no-?reply|do-?not-?reply|owner-.*|.*-(request|owner|bounces?|noreply)|.*-bounces?[+=].*|(bounces?|prvs|srs[01])[+=-].*=.*)$/;

/** Why it is one, or null. */
export function machineMade(fields: readonly HeaderField[], sender: string): string | null {
  const local = lowerAscii(sender.slice(0, Math.max(0, sender.lastIndexOf("@"))));
  if (local.length > 255 || SENDERS.test(local)) return "the sender is a list or a machine";
  for (const field of fields) {
    const value = lowerAscii(fieldText(field).slice(0, 200)).trim();
    switch (field.name) {
      case "auto-submitted":
        if (!/^no\b/.test(value)) return "the message was made by a machine (Auto-Submitted)";
        break;
      case "precedence":
        if (/^(bulk|list|junk)\b/.test(value)) return "the message is bulk (Precedence)";
        break;
      case "x-auto-response-suppress":
        if (/\b(all|oof|autoreply)\b/.test(value)) return "the sender wants no such answers (X-Auto-Response-Suppress)";
        break;
      case "list-id":
      case "list-help":
      case "list-post":
      case "list-owner":
      case "list-archive":
      case "list-subscribe":
      case "list-unsubscribe":
        return `the message came by a list (${field.name})`;
    }
  }
  return null;
}
