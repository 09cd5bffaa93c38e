/** STATUS items (RFC 9051 section 6.3.11; RFC 7162, RFC 7889, RFC 8474), for STATUS and LIST RETURN (STATUS (…)). */
import type { Mailbox } from "../contract/mod.ts";
import type { ImapState } from "./session.ts";
import type { Lexer } from "./wire/lexer.ts";
import { formatMailbox } from "./wire/mailbox_name.ts";

type Value = (mailbox: Mailbox, state: ImapState) => string | number;

const ITEMS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["MESSAGES", (mailbox) => mailbox.messages],
  ["RECENT", () => 0],
  ["UIDNEXT", (mailbox) => mailbox.uidNext],
  ["UIDVALIDITY", (mailbox) => mailbox.uidValidity],
  ["UNSEEN", (mailbox) => mailbox.unseen],
  ["SIZE", (mailbox) => mailbox.size],
  ["DELETED", (mailbox) => mailbox.deleted],
  ["HIGHESTMODSEQ", (mailbox) => Math.max(1, mailbox.highestModseq)],
  ["APPENDLIMIT", (_, state) => state.limits.messageSize],
  ["MAILBOXID", (mailbox) => `(${mailbox.mailboxId})`],
]);

/** status-att */
export function statusItem(lexer: Lexer): string {
  const name = lexer.word();
  return ITEMS.has(name) ? name : lexer.fail("No such STATUS item");
}

/** The untagged STATUS response with its CRLF. */
export function formatStatus(state: ImapState, mailbox: Mailbox, items: readonly string[]): string {
  const values = items.map((item) => `${item} ${ITEMS.get(item)!(mailbox, state)}`);
  return `* STATUS ${formatMailbox(mailbox.path, state.utf8)} (${values.join(" ")})\r\n`;
}
