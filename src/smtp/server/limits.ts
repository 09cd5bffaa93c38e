import { AUTH_LINE, EXTENDED_COMMAND_LINE } from "../wire/mod.ts";

/** What one session may use. Each limit has a reply. Sizes are octets, times milliseconds. */
export interface SmtpLimits {
  readonly commandLine: number;
  readonly authLine: number;
  readonly messageSize: number;
  /** Recipients of one transaction. RFC 5321 section 4.5.3.1.8 asks for 100. */
  readonly recipients: number;
  /** Transactions of one session. */
  readonly mails: number;
  /** Refused commands, recipients apart, before 421. */
  readonly errors: number;
  /** Refused recipients before 421; not for LMTP. */
  readonly refusedRecipients: number;
  readonly authFailures: number;
  /** Commands that bring no message forward (NOOP, RSET, VRFY …) between two messages. */
  readonly idleCommands: number;
  /** From the start to the first greeting of the client. */
  readonly handshakeMs: number;
  /** RFC 5321 section 4.5.3.2.7: for the next command. */
  readonly commandMs: number;
  /** Between two pieces of a body. */
  readonly dataMs: number;
  /** Octets a second that a body must come with, once `dataMs` have passed. */
  readonly minimumRate: number;
}

/** Limits for a server that strangers reach. */
export const SMTP_LIMITS: SmtpLimits = {
  commandLine: EXTENDED_COMMAND_LINE,
  authLine: AUTH_LINE,
  messageSize: 50_000_000,
  recipients: 1000,
  mails: 1000,
  errors: 20,
  refusedRecipients: 100,
  authFailures: 3,
  idleCommands: 200,
  handshakeMs: 60_000,
  commandMs: 300_000,
  dataMs: 600_000,
  minimumRate: 1024,
};
