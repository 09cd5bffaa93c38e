/** What a connection to one server is made with. */
import type { Secret } from "../../base/secret.ts";
import type { OutgoingMail } from "../../contract/mod.ts";

/** With whom to log in at the server. */
export interface ClientAuth {
  readonly username: string;
  readonly password: Secret;
  /** For SCRAM: visible ASCII without commas, for one login only. Without it SCRAM is not used. */
  readonly nonce?: string | null;
}

/** Milliseconds to wait in each phase; RFC 5321 section 4.5.3.2 gives the least. */
export interface ClientTimeouts {
  readonly greeting: number;
  readonly command: number;
  readonly tls: number;
  readonly dataStart: number;
  readonly dataEnd: number;
  /** How long a connection waits for its next message. */
  readonly idle: number;
  readonly quit: number;
  /** How long the next message waits behind the answer to the one before it, and then goes another way. */
  readonly ahead: number;
}

const MINUTE = 60_000;

export const TIMEOUTS: ClientTimeouts = {
  greeting: 5 * MINUTE,
  command: 5 * MINUTE,
  tls: MINUTE,
  dataStart: 2 * MINUTE,
  dataEnd: 10 * MINUTE, // section 4.5.3.2.6: too short a time here makes duplicates
  idle: 5_000, // it is somebody else's connection too
  quit: 5_000,
  ahead: 30_000,
};

/** How much one connection may be used for. */
export interface ClientReuse {
  /** Messages in all. */
  readonly messages: number;
  /** Milliseconds from its beginning after which no further message begins. */
  readonly ms: number;
  /**
   * With PIPELINING the next message is asked for while the answer to the last one is on its way, and its commands go
   * in the same group as that one's end (RFC 2920 section 3.1): one trip a message in place of two.
   */
  readonly ahead?: boolean;
}

/** The first message, and how the connection is made. */
export interface SmtpClientOptions extends Omit<OutgoingMail, "utf8Headers"> {
  readonly profile?: "smtp" | "lmtp";
  /** What we call ourselves in EHLO: a domain name or an address literal. */
  readonly hostname: string;
  /** Default: what the sender declared by SMTPUTF8. */
  readonly utf8Headers?: boolean;
  /** STARTTLS: never; where it is offered; or not without. A connection that is TLS already satisfies all. */
  readonly tls: "none" | "opportunistic" | "required";
  readonly auth?: ClientAuth | null;
  readonly timeouts?: Partial<ClientTimeouts>;
  /** Null: QUIT after the first message. Else the machine asks `relay.next`. All messages share `requireTls`. */
  readonly reuse?: ClientReuse | null;
}
