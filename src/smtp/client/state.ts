import type { OutgoingMail, SessionInfo, TlsInfo } from "../../contract/mod.ts";
import { type Extensions, NO_EXTENSIONS } from "./extensions.ts";
import type { ClientExchange, ClientMechanism } from "../../sasl/mod.ts";
import { type ClientTimeouts, type SmtpClientOptions, TIMEOUTS } from "./options.ts";
import { type AttemptResult, ownTemporary, type RecipientResult } from "./outcome.ts";
import { ReplyReader } from "./reply_reader.ts";
import { isLeftOpen, startTransaction, type Transaction } from "./transaction.ts";

/** Named by the reply that is waited for; `derive` waits for a key instead, `idle` for a message. */
export type Phase =
  | "greeting"
  | "ehlo"
  | "helo"
  | "startTls"
  | "tls"
  | "auth"
  | "derive"
  | "transaction"
  | "idle"
  | "quit"
  | "done";

/** A login under way. */
export interface Login {
  readonly mechanism: ClientMechanism;
  readonly exchange: ClientExchange;
  /** Its challenges mean something: LOGIN's are prompts, and some servers send them as they are. */
  readonly strict: boolean;
}

/** A message whose commands are sent while the answer to the one before it is awaited. */
export interface Ahead {
  readonly mail: OutgoingMail;
  readonly transaction: Transaction;
  readonly results: (RecipientResult | null)[];
  /** Its commands are sent; false: what it needs is not offered, which is said in its turn. */
  readonly begun: boolean;
  /** When it has waited long enough behind the other. */
  readonly until: number;
}

/** Where the conversation stands; `isFinished` tells the end of its message. */
export interface ClientState {
  readonly options: SmtpClientOptions;
  readonly timeouts: ClientTimeouts;
  readonly replies: ReplyReader;
  /** The message under way, or the last one. */
  mail: OutgoingMail;
  transaction: Transaction;
  phase: Phase;
  session: SessionInfo | null;
  tls: TlsInfo | null;
  offered: Extensions;
  serverName: string | null;
  /** The recipients' results, null while unknown. */
  results: (RecipientResult | null)[];
  tryNextHost: boolean;
  tlsFailed: boolean;
  letIn: boolean;
  /** Messages before this one. */
  sent: number;
  /** What came of the message before this one, where that ended as this one's commands were out already. */
  previous: AttemptResult | null;
  /** The message after this one, whose commands are sent. */
  ahead: Ahead | null;
  /** `relay.next` is out: in `idle`, or while the answer to the message's end is awaited. */
  asking: boolean;
  /** The answer was that there is none: QUIT comes next. */
  leaving: boolean;
  /** A message that was ahead was given up: the connection is of no use after the answer that is due. */
  abandoned: boolean;
  /** When the answer to the message's end must have come. */
  finalBy: number;
  openedAt: number;
  login: Login | null;
  /** Number of the last question: `relay.next` or `relay.derive`. */
  asked: number;
  deadline: number | null;
}

export function initialState(options: SmtpClientOptions): ClientState {
  const mail = { ...options, utf8Headers: options.utf8Headers ?? options.sender.smtputf8 };
  return {
    options,
    timeouts: { ...TIMEOUTS, ...options.timeouts },
    replies: new ReplyReader(),
    mail,
    transaction: startTransaction(mail, options.profile === "lmtp"),
    phase: "greeting",
    session: null,
    tls: null,
    offered: NO_EXTENSIONS,
    serverName: null,
    results: mail.recipients.map(() => null),
    tryNextHost: false,
    tlsFailed: false,
    letIn: false,
    sent: 0,
    previous: null,
    ahead: null,
    asking: false,
    leaving: false,
    abandoned: false,
    finalBy: Infinity,
    login: null,
    openedAt: 0,
    asked: 0,
    deadline: null,
  };
}

/** The next message takes the place of the one that is done. */
export function takeNext(state: ClientState, mail: OutgoingMail): void {
  const before = state.transaction;
  state.previous = outcome(state);
  state.mail = mail;
  state.transaction = startTransaction(mail, before.lmtp);
  state.transaction.mails = before.mails;
  state.transaction.needsReset = before.needsReset || isLeftOpen(before);
  state.results = mail.recipients.map(() => null);
  state.tryNextHost = false;
  state.sent++;
}

/**
 * Whether every recipient's result is known. True before the connection has ended: it is idle, or says QUIT, which is
 * only good manners.
 */
export function isFinished(state: ClientState): boolean {
  return state.phase === "idle" || state.phase === "quit" || state.phase === "done";
}

/** Whether the connection is done with its message and waits for another. */
export function isIdle(state: ClientState): boolean {
  return state.phase === "idle";
}

/** What came of its message so far; recipients without a result yet are temporary failures. */
export function outcome(state: ClientState): AttemptResult {
  const open = ownTemporary("4.4.2", "The connection was lost");
  return {
    recipients: state.results.map((result) => result ?? open),
    tls: state.tls,
    serverName: state.serverName,
    tryNextHost: isFinished(state) ? state.tryNextHost : !state.transaction.dotSent,
    tlsFailed: state.tlsFailed,
    letIn: state.letIn,
    reused: state.sent > 0,
    dsn: state.offered.dsn,
  };
}

/**
 * What came of the message of this number (0: the first of the connection), null while it is not known. `untouched`:
 * the connection ended, or is given up, before any of the message was sent.
 */
export function outcomeOf(state: ClientState, number: number): AttemptResult | "untouched" | null {
  if (number < state.sent) return state.previous;
  if (number === state.sent) return isFinished(state) ? outcome(state) : null;
  // An idle machine has not heard of its next message yet; any other end came before it did.
  return state.abandoned || (isFinished(state) && !isIdle(state)) ? "untouched" : null;
}

/** Whether it would take another message now, and has asked for it. */
export function asksForNext(state: ClientState): boolean {
  return state.asking;
}

/** How many replies the server owes us; what comes beyond them answers nothing. */
export function repliesDue({ phase, transaction, ahead }: ClientState): number {
  if (phase === "idle" || phase === "derive" || phase === "tls" || phase === "done") return 0;
  if (phase !== "transaction") return 1;
  if (!transaction.dotSent) return transaction.sent;
  const own = transaction.lmtp && !transaction.emptyData ? transaction.taken.length - transaction.answered : 1;
  return own + (ahead?.transaction.sent ?? 0);
}
