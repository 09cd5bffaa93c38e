/**
 * The next message's commands behind the end of the one before it, in one group (RFC 2920 section 3.1: "the actual
 * transfer of message content is explicitly allowed to be the first command in a group").
 *
 * - Only commands go ahead, never a message: what is in the air without an answer is one message at any time.
 * - A message that is ahead when the connection ends was not sent. It goes over another one.
 * - Whether the message before it was taken says nothing about it: either way its transaction is over at the server.
 */
import type { Effect, OutgoingMail } from "../../contract/mod.ts";
import { cannotCarry } from "./commands.ts";
import { type Ahead, type ClientState, outcome } from "./state.ts";
import { beginBatch, isBinary, startTransaction } from "./transaction.ts";

/** Above this the trips are not what takes the time, and nobody should wait behind it. */
const LARGEST = 256 * 1024;

/** The end of the message has just been sent, its answer is to come: whether another one may come behind it. */
export function mayAskAhead({ options, offered, transaction, ahead, asking, leaving }: ClientState): boolean {
  return options.reuse?.ahead === true && offered.pipelining && transaction.dotSent && transaction.answered === 0 &&
    transaction.nextRecipient >= transaction.recipients.length && ahead === null && !asking && !leaving &&
    transaction.message.size <= LARGEST && !isBinary(transaction); // RFC 3030 section 2: RSET follows a failed chunk
}

/** The answer to the question: the message's commands go out. */
export function goAhead(state: ClientState, mail: OutgoingMail, now: number, out: Effect[]): void {
  const { transaction: before, offered } = state;
  const transaction = startTransaction(mail, before.lmtp);
  transaction.mails = before.mails;
  const results = mail.recipients.map(() => null);
  const begun = cannotCarry(transaction.message, offered) === null;
  const ahead: Ahead = { mail, transaction, results, begun, until: now + state.timeouts.ahead };
  state.ahead = ahead;
  if (begun) beginBatch(transaction, ahead.results, offered, out);
  state.deadline = Math.min(state.finalBy, ahead.until);
}

/** The answer to the message before is complete: the one that is ahead takes its place. */
export function takeAhead(state: ClientState, { mail, transaction, results }: Ahead): void {
  state.previous = outcome(state);
  state.ahead = null;
  state.mail = mail;
  state.transaction = transaction;
  state.results = results;
  state.tryNextHost = false;
  state.sent++;
}

/** It waits no longer. Its DATA may be answered yet, so that nothing else can be said over this connection. */
export function giveUpAhead(state: ClientState): void {
  state.ahead = null;
  state.abandoned = true;
  state.deadline = state.finalBy;
}
