/**
 * A mail transaction from the client's side: MAIL, RCPT …, DATA, the message, the replies. With PIPELINING all
 * commands go at once (RFC 2920 section 3.1) and the replies come in their order; without, one a reply.
 */
import { utf8Bytes } from "../../base/bytes.ts";
import type { BlobId, Effect, EnvelopeRecipient, OutgoingMail } from "../../contract/mod.ts";
import { mailLine, type Outgoing, recipientLine } from "./commands.ts";
import type { Extensions } from "./extensions.ts";
import { ownPermanent, ownTemporary, type RecipientResult, type Verdict } from "./outcome.ts";
import type { Reply } from "./reply_reader.ts";

/** RFC 5321 section 4.5.3.1.8: every server takes a hundred. */
const RECIPIENTS_AT_ONCE = 100;

type Command =
  | { readonly verb: "MAIL" }
  | { readonly verb: "RCPT"; readonly index: number }
  | { readonly verb: "DATA" }
  | { readonly verb: "BDAT" }
  | { readonly verb: "RSET" };

export interface Transaction {
  readonly lmtp: boolean;
  readonly recipients: readonly EnvelopeRecipient[];
  readonly blobId: BlobId;
  readonly blobSize: number;
  readonly prefix: Uint8Array;
  readonly message: Outgoing;
  /** Commands of this batch that wait for their reply or to be sent. */
  commands: { readonly command: Command; readonly line: string }[];
  /** How many of `commands` are sent. */
  sent: number;
  /** First recipient of the next batch. */
  nextRecipient: number;
  /** Recipients of this batch that the server took at RCPT, in order. */
  taken: number[];
  /** LMTP: how many of `taken` have their final reply. */
  answered: number;
  /** A 354 came for a batch nobody is left in: an empty message ends it. */
  emptyData: boolean;
  /** The message of this batch is being sent or was. */
  dataSent: boolean;
  /** All of it with the final dot: from here on the server may have it. */
  dotSent: boolean;
  /** It was a chunk (BDAT), and the server did not take it. */
  chunkFailed: boolean;
  /** MAIL was sent. */
  begun: boolean;
  /** How often, over this connection, those before it counted. */
  mails: number;
  /** RSET goes before the next MAIL: the server may hold a transaction that no message ended. */
  needsReset: boolean;
}

export type Next = "command" | "dataStart" | "dataEnd" | "finished";

export function startTransaction(mail: OutgoingMail, lmtp: boolean): Transaction {
  const { sender, recipients, blobId, size, prefix, utf8Headers } = mail;
  return {
    lmtp,
    recipients,
    blobId,
    blobSize: size,
    prefix,
    message: { sender, size: prefix.length + size, utf8Headers },
    begun: false,
    mails: 0,
    needsReset: false,
    commands: [],
    sent: 0,
    nextRecipient: 0,
    taken: [],
    answered: 0,
    emptyData: false,
    dataSent: false,
    dotSent: false,
    chunkFailed: false,
  };
}

/** Begins the next batch of recipients, or says that there is none. */
export function beginBatch(
  tx: Transaction,
  results: (RecipientResult | null)[],
  offered: Extensions,
  out: Effect[],
): Next {
  const limit = Math.min(offered.recipientLimit ?? RECIPIENTS_AT_ONCE, RECIPIENTS_AT_ONCE);
  const commands: Transaction["commands"] = [];
  while (tx.nextRecipient < tx.recipients.length && commands.length < limit) {
    const index = tx.nextRecipient++;
    const line = recipientLine(tx.recipients[index]!, tx.message, offered);
    if (line !== null) commands.push({ command: { verb: "RCPT", index }, line });
    else results[index] = ownPermanent("5.6.7", "The address needs UTF-8, which the server does not take", 553);
  }
  if (commands.length === 0) return "finished";
  commands.unshift({ command: { verb: "MAIL" }, line: mailLine(tx.message, offered) });
  if (!isBinary(tx)) commands.push({ command: { verb: "DATA" }, line: "DATA" });
  // RFC 2920 section 3.1: RSET may stand before MAIL in the same group.
  if (tx.needsReset) commands.unshift({ command: { verb: "RSET" }, line: "RSET" });
  tx.commands = commands;
  tx.begun = true;
  tx.mails++;
  tx.needsReset = false;
  tx.sent = 0;
  tx.taken = [];
  tx.answered = 0;
  tx.emptyData = false;
  tx.dataSent = false;
  tx.dotSent = false;
  tx.chunkFailed = false;
  sendMore(tx, offered, out);
  return "command";
}

/** Whether the message goes in chunks. */
export function isBinary(tx: Transaction): boolean {
  return tx.message.sender.body === "binarymime";
}

function sendMore(tx: Transaction, offered: Extensions, out: Effect[]): void {
  const until = offered.pipelining ? tx.commands.length : Math.min(1, tx.commands.length);
  const lines = tx.commands.slice(tx.sent, until).map((entry) => entry.line + "\r\n");
  tx.sent = Math.max(tx.sent, until);
  if (lines.length > 0) out.push({ type: "send", bytes: utf8Bytes(lines.join("")) });
}

/** Takes the reply to the oldest command that has none. */
export function transactionReply(
  tx: Transaction,
  reply: Reply,
  results: (RecipientResult | null)[],
  offered: Extensions,
  out: Effect[],
): Next {
  if (tx.dotSent) return finalReply(tx, reply, results, offered, out);
  const command = tx.commands.shift()?.command;
  tx.sent = Math.max(0, tx.sent - 1);
  switch (command?.verb) {
    case "MAIL":
      if (!isPositive(reply)) {
        for (const entry of tx.commands) {
          if (entry.command.verb === "RCPT") results[entry.command.index] = resultOf(reply);
        }
        // Unsent commands need not be sent; sent ones have their replies to come.
        if (tx.sent === 0) tx.commands = [];
      }
      break;
    case "RCPT":
      if (isPositive(reply) && results[command.index] === null) tx.taken.push(command.index);
      else results[command.index] ??= recipientResult(reply);
      // Without pipelining nobody is left to send DATA for.
      if (tx.taken.length === 0 && tx.sent === 0 && tx.commands.every((entry) => entry.command.verb === "DATA")) {
        tx.commands = [];
      }
      break;
    case "DATA":
      return dataReply(tx, reply, results, offered, out);
    case "RSET":
      break;
    default:
      return "finished"; // a reply to nothing
  }
  if (tx.commands.length > 0) {
    sendMore(tx, offered, out);
    return tx.commands[0]?.command.verb === "DATA" ? "dataStart" : "command";
  }
  if (isBinary(tx) && tx.taken.length > 0) return sendBinary(tx, out);
  return nextBatch(tx, results, offered, out);
}

function dataReply(
  tx: Transaction,
  reply: Reply,
  results: (RecipientResult | null)[],
  offered: Extensions,
  out: Effect[],
): Next {
  if (reply.code !== 354) {
    for (const index of tx.taken) results[index] ??= resultOf(reply);
    return nextBatch(tx, results, offered, out);
  }
  tx.dataSent = true;
  if (tx.taken.length === 0) {
    // RFC 2920 section 3.1: 354 although no recipient was taken; the empty message must not reach anybody.
    tx.emptyData = true;
    out.push({ type: "send", bytes: utf8Bytes(".\r\n") });
  } else {
    const prefix = dotStuffed(tx.prefix);
    if (prefix.length > 0) out.push({ type: "send", bytes: prefix });
    if (tx.blobSize > 0) {
      out.push({ type: "sendBlob", blobId: tx.blobId, start: 0, end: tx.blobSize, encoding: "dotStuffed" });
    }
    out.push({ type: "send", bytes: utf8Bytes(".\r\n") });
  }
  tx.dotSent = true;
  return "dataEnd";
}

/** RFC 3030 section 3: one chunk, as it is. */
function sendBinary(tx: Transaction, out: Effect[]): Next {
  out.push({ type: "send", bytes: utf8Bytes(`BDAT ${tx.message.size} LAST\r\n`) });
  if (tx.prefix.length > 0) out.push({ type: "send", bytes: tx.prefix.slice() });
  if (tx.blobSize > 0) out.push({ type: "sendBlob", blobId: tx.blobId, start: 0, end: tx.blobSize });
  tx.dataSent = true;
  tx.dotSent = true;
  return "dataEnd";
}

function finalReply(
  tx: Transaction,
  reply: Reply,
  results: (RecipientResult | null)[],
  offered: Extensions,
  out: Effect[],
): Next {
  if (tx.emptyData) return nextBatch(tx, results, offered, out);
  const result = resultOf(reply);
  tx.chunkFailed ||= isBinary(tx) && !isPositive(reply);
  // RFC 2033 section 4.2: one reply for every recipient that was taken, in order.
  const concerned = tx.lmtp ? tx.taken.slice(tx.answered, tx.answered + 1) : tx.taken;
  for (const index of concerned) results[index] = result;
  tx.answered += concerned.length;
  return tx.answered < tx.taken.length ? "dataEnd" : nextBatch(tx, results, offered, out);
}

function nextBatch(
  tx: Transaction,
  results: (RecipientResult | null)[],
  offered: Extensions,
  out: Effect[],
): Next {
  if (tx.nextRecipient >= tx.recipients.length) return "finished";
  tx.needsReset = isLeftOpen(tx);
  return beginBatch(tx, results, offered, out);
}

/**
 * Whether the server may hold a transaction that RSET has to end: no DATA was sent or it was refused (RFC 5321 section
 * 4.1.1.5), or a chunk failed (RFC 3030 section 2).
 */
export function isLeftOpen({ begun, dataSent, chunkFailed }: Transaction): boolean {
  return begun && (!dataSent || chunkFailed);
}

/** Gives `result` to everyone who has none. */
export function settleRest(results: (RecipientResult | null)[], result: RecipientResult): void {
  for (let i = 0; i < results.length; i++) results[i] ??= result;
}

/** The reply as words. */
export function verdictOf(reply: Reply): Verdict {
  const enhanced = reply.enhanced ?? `${Math.trunc(reply.code / 100)}.0.0`;
  const text = reply.lines.filter((line) => line !== "").join(" ").slice(0, 500);
  return { code: reply.code, enhanced, text, remote: true };
}

function resultOf(reply: Reply): RecipientResult {
  const said = verdictOf(reply);
  if (isPositive(reply)) return { ...said, kind: "delivered" };
  // 503 after a refused MAIL and 3yz out of place are disorder, not a verdict.
  if (reply.code < 400) return ownTemporary("4.5.0", `An unexpected reply: ${said.code} ${said.text}`);
  return { ...said, kind: reply.code >= 500 ? "permanent" : "temporary" };
}

function recipientResult(reply: Reply): RecipientResult {
  // RFC 5321 section 4.5.3.1.10: 552 to RCPT is an old server's "too many recipients", to be tried again.
  if (reply.code === 552 && reply.enhanced === null) return { ...verdictOf(reply), kind: "temporary" };
  return resultOf(reply);
}

function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

/** RFC 5321 section 4.5.2, for header fields of our own: CRLF everywhere, so only dots at line starts are doubled. */
function dotStuffed(prefix: Uint8Array): Uint8Array {
  const out: number[] = [];
  let lineStart = true;
  for (const octet of prefix) {
    if (octet === 46 && lineStart) out.push(46);
    out.push(octet);
    lineStart = octet === 10;
  }
  return Uint8Array.from(out);
}
