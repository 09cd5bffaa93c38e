/**
 * The SMTP server: RFC 5321 with its extensions, message submission (RFC 6409) and LMTP (RFC 2033) as profiles of one
 * machine.
 *
 * Rules:
 * - A pending question is a state; nothing is read while one is out.
 * - 250 for a message is said after `message.receive` answered `accepted`, and nowhere else.
 * - Octets that belong to a refused body or line are consumed, never taken for commands.
 * - Every refusal is logged with command, code and reason, and says what to do.
 */
export { SMTP_LIMITS, type SmtpLimits } from "./limits.ts";
export { smtpSession } from "./machine.ts";
export type { SmtpServerOptions, SmtpState } from "./state.ts";
