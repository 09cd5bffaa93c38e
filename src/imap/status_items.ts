/** STATUS items (RFC 9051 section 6.3.11; RFC 7162, RFC 7889, RFC 8474, RFC 9208), for STATUS and LIST RETURN. */
import { ask, type Mailbox, type Program } from "../contract/mod.ts";
import { accountOf } from "./command.ts";
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

/** What expunging would free (RFC 9208 section 4.1.4); it alone must be counted. */
const DELETED_STORAGE = "DELETED-STORAGE";

/** status-att */
export function statusItem(lexer: Lexer): string {
  const name = lexer.word();
  return ITEMS.has(name) || name === DELETED_STORAGE ? name : lexer.fail("No such STATUS item");
}

/** The untagged STATUS response with its CRLF. */
export function* statusResponse(state: ImapState, mailbox: Mailbox, items: readonly string[]): Program<string> {
  const values: string[] = [];
  for (const item of items) {
    const value = item === DELETED_STORAGE ? yield* deletedStorage(state, mailbox) : ITEMS.get(item)!(mailbox, state);
    values.push(`${item} ${value}`);
  }
  return `* STATUS ${formatMailbox(mailbox.path, state.utf8)} (${values.join(" ")})\r\n`;
}

function* deletedStorage(state: ImapState, { mailboxId, deleted }: Mailbox): Program<number> {
  return deleted === 0 ? 0 : yield* ask("mailbox.deletedStorage", { accountId: accountOf(state), mailboxId });
}
