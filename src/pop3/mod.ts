/**
 * POP3 (RFC 1939) with its extensions: CAPA and response codes (RFC 2449), STLS (RFC 2595), AUTH (RFC 5034), AUTH and
 * SYS codes (RFC 3206), UTF8 (RFC 6856).
 *
 * - `machine.ts` is the connection: lines in, the command table, what is out, deadlines.
 * - `authorization.ts` and `transaction.ts` are the commands of the two states; QUIT's program is the UPDATE state.
 * - `maildrop.ts` is the snapshot of INBOX that a session sees.
 *
 * Rules: nothing is removed but by QUIT in the TRANSACTION state. Numbers never change within a session. Messages
 * never enter the core: RETR names a range of a blob. The maildrop is not locked (`adr/0003`).
 */
export { pop3Session } from "./machine.ts";
export { type Maildrop, openMaildrop } from "./maildrop.ts";
export { POP3_LIMITS, type Pop3Limits, type Pop3Options, type Pop3State } from "./state.ts";
