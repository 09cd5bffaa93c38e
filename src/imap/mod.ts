/**
 * IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051): the server's side of one connection as a pure machine.
 *
 * Rules:
 * - Octets are cut into commands before anything is parsed (`wire/command_reader.ts`): a literal is never a command.
 * - Commands run one after the other, each a program; `command_table.ts` names them all, one file a command.
 * - `view.ts` alone knows sequence numbers. News is told between commands, and while IDLE runs.
 * - Message bodies never pass through: FETCH names ranges of blobs, APPEND streams to a sink.
 * - BINARY alone is decoded here, page by page; a literal that cannot be sent to its end cuts the connection.
 * - After ENABLE QRESYNC, VANISHED with UIDs is told wherever EXPUNGE would be (RFC 7162).
 * - A client speaks rev1 until it sends ENABLE IMAP4rev2; then names and headers are UTF-8, SEARCH answers ESEARCH.
 * - When another session deletes the selected mailbox, the client is told `* OK [CLOSED]` and goes on, unselected.
 */
export { imapMachine, imapSession } from "./machine.ts";
export { imapText } from "./imap_text.ts";
export { IMAP_LIMITS, type ImapLimits, type ImapServerOptions, type ImapState } from "./session.ts";
