/**
 * Sending messages to one host: the client's side of SMTP (RFC 5321) and LMTP (RFC 2033) as a machine.
 *
 * The dialogue is a row of states, each named by the reply it waits for: `greeting → ehlo (→ helo) → startTls → tls →
 * ehlo → auth … → transaction (→ idle → transaction …) → quit → done`. In `idle` the question `relay.next` is out: its
 * answer is the next message over the same connection. In `transaction` a list of commands is sent, all at once where the
 * server offers PIPELINING (RFC 2920), else one a reply.
 *
 * Rules:
 * - What became of every recipient stands in the state from the moment it is known; `outcome` reads it at any time.
 *   Temporary unless proven permanent: only a 5yz reply about the message or a recipient, or what the server cannot
 *   carry, is permanent. Silence, nonsense, TLS and login trouble are temporary.
 * - Nothing that the server said before TLS counts after it (RFC 3207 section 4.2).
 * - Replies are bounded in line, lines and octets; their text is cleaned before anyone sees it.
 * - A password is never sent over a connection that somebody could have stripped of its TLS.
 * - A reply that was there before its command answers nothing: the connection is of no use any more.
 * - A connection that ends while it is idle, or before the final dot of a message that was not its first, says nothing
 *   about that message: it goes over a fresh one.
 * - With PIPELINING the commands of the next message go out behind the final dot, before its answer (`ahead.ts`). The next
 *   message itself does not, so that no more than one is in the air.
 * - Once the final dot is sent and no reply came, the message may have been delivered: no other host is tried at once.
 */
export * from "./outcome.ts";
export { type Reply, ReplyReader, type ReplyResult } from "./reply_reader.ts";
export type { ClientAuth, ClientReuse, ClientTimeouts, SmtpClientOptions } from "./options.ts";
export { asksForNext, type ClientState, isFinished, isIdle, outcome, outcomeOf } from "./state.ts";
export { smtpClient } from "./machine.ts";
