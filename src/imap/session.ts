/** The state of one IMAP connection, and what may be set about it. */
import type { ByteQueue } from "../base/byte_queue.ts";
import type { Effect, FlagChange, Login, Program, Running, SessionInfo, TlsInfo } from "../contract/mod.ts";
import { latin1Bytes } from "../base/bytes.ts";
import type { SaslExchange, SaslMechanism } from "../sasl/mod.ts";
import type { Notify } from "./notify.ts";
import type { Reply } from "./reply.ts";
import type { PrintFlags, View } from "./view.ts";
import type { CommandReader } from "./wire/command_reader.ts";
import { SYSTEM_FLAGS } from "./wire/flags.ts";

/** Bounds of a session; octets, counts and milliseconds. */
export interface ImapLimits {
  /** One line before and after login. */
  readonly lineBefore: number;
  readonly lineAfter: number;
  /** Buffered literals of one command before and after login. */
  readonly literalBefore: number;
  readonly literalAfter: number;
  /** One message of APPEND. */
  readonly messageSize: number;
  /** Messages in one APPEND. */
  readonly appendMessages: number;
  /** BAD commands in a row before the session ends. */
  readonly badCommands: number;
  /** Failed logins before the session ends. */
  readonly loginAttempts: number;
  /** From the opening to a login. */
  readonly loginMs: number;
  /** RFC 9051 section 5.4: at least 30 minutes. */
  readonly idleMs: number;
  /** How often a client in IDLE is told that the server is still here. */
  readonly keepAliveMs: number;
  /** After so long a command tells that it is at work, and again. */
  readonly progressMs: number;
}

/** Bounds that suit a public server. */
export const IMAP_LIMITS: ImapLimits = {
  lineBefore: 8192,
  lineAfter: 65536,
  literalBefore: 4096,
  literalAfter: 65536,
  messageSize: 50_000_000,
  appendMessages: 100,
  badCommands: 20,
  loginAttempts: 5,
  loginMs: 60_000,
  idleMs: 30 * 60_000,
  keepAliveMs: 120_000,
  progressMs: 15_000,
};

/** What one listener offers. */
export interface ImapServerOptions {
  readonly hostname: string;
  /** What ID tells (RFC 2971). */
  readonly name?: string;
  readonly version?: string;
  /** Logins without TLS. */
  readonly allowPlaintextAuth?: boolean;
  /** STARTTLS is offered while there is no TLS. */
  readonly startTls?: boolean;
  readonly mechanisms?: readonly SaslMechanism[];
  /** UTF8=ONLY (RFC 6855 section 6): nothing is served to a client that has not enabled UTF8=ACCEPT. */
  readonly utf8Only?: boolean;
  /** The annotations `/shared/admin` and `/shared/comment` of the server (RFC 5464 section 3.2.1.1); null: there is none. */
  readonly contact?: string | null;
  readonly comment?: string | null;
  /** Where the session object of JMAP is for the same accounts (RFC 9698): a URL of ASCII; null: that is not told. */
  readonly jmapSession?: string | null;
  readonly limits?: Partial<ImapLimits>;
}

/** How a command's program ends. */
export type Outcome =
  | Reply
  | { readonly then: "idle" }
  /** Of news: all was told. */
  | { readonly then: "told" }
  | { readonly then: "logout" }
  | { readonly then: "startTls" }
  | { readonly then: "loggedOff" }
  | { readonly then: "compress" }
  /** A literal that was announced cannot be sent to its end: only closing tells the client. */
  | { readonly then: "cut" }
  | { readonly then: "loggedIn"; readonly login: Login }
  | { readonly then: "refused"; readonly why: "credentials" | "tooMany" | "disabled"; readonly user: string }
  | { readonly then: "authenticate"; readonly mechanism: SaslMechanism; readonly initial: Uint8Array | null };

export type CommandProgram = Program<Outcome>;

/** What belongs to whoever is logged in: all of it goes with UNAUTHENTICATE (RFC 8437 section 4.1). */
export interface LoginState {
  login: Login | null;
  view: View | null;
  /** ENABLE IMAP4rev2 was given. */
  rev2: boolean;
  /** Names and strings are UTF-8 both ways: ENABLE IMAP4rev2 or UTF8=ACCEPT was given. */
  utf8: boolean;
  /** ENABLE UTF8=ACCEPT was given (RFC 6855). */
  utf8Accept: boolean;
  /** A CONDSTORE enabling command was given (RFC 7162 section 3.1). */
  condstore: boolean;
  /** ENABLE QRESYNC was given: VANISHED takes the place of EXPUNGE (RFC 7162 section 3.2). */
  qresync: boolean;
  /** ENABLE UIDONLY was given: no sequence numbers either way (RFC 9586). */
  uidOnly: boolean;
  /** What NOTIFY asked for last; null: it never was (RFC 5465). */
  notify: Notify | null;
}

/** Nobody is logged in. */
export const LOGGED_OFF: Readonly<LoginState> = {
  login: null,
  view: null,
  rev2: false,
  utf8: false,
  utf8Accept: false,
  condstore: false,
  qresync: false,
  uidOnly: false,
  notify: null,
};

/** A command under way. */
export interface RunningCommand {
  readonly kind: "command";
  readonly task: Running<Outcome>;
  readonly holdsExpunge: boolean;
  /** How much of it is done, of how much; null: nobody knows (RFC 9585). */
  progress: { readonly done: number; readonly goal: number } | null;
  /** When it began, or told last that it is at work. */
  toldAt: number;
}

/** News under way: before a tagged response, or between commands. */
export interface RunningNews {
  readonly kind: "news";
  readonly task: Running<Outcome>;
  readonly reply: Reply | null;
  readonly mayExpunge: boolean;
}

/** Mutable, with one owner: the machine; a command changes what belongs to it. */
export interface ImapState extends LoginState {
  readonly options: Required<Omit<ImapServerOptions, "limits">>;
  readonly limits: ImapLimits;
  readonly input: ByteQueue;
  readonly reader: CommandReader;
  session: SessionInfo | null;
  /** How the connection is protected, or null. */
  tls: TlsInfo | null;
  /** The tag of the command that runs. */
  tag: string;
  running: RunningCommand | RunningNews | null;
  /** Something happened that was not told yet, and may be told between commands. */
  newsDue: boolean;
  exchange: { readonly exchange: SaslExchange; waitingFor: number; waits: "line" | "call" } | null;
  idle: boolean;
  /** When IDLE last told that the server is there, or began. */
  toldAt: number;
  startingTls: boolean;
  /** COMPRESS was given (RFC 4978). */
  compressed: boolean;
  /** The words of goodbye, once the server wants the session to end; null: it goes on. */
  goodbye: string | null;
  closed: boolean;
  nextCall: number;
  nextSink: number;
  /** Sinks that the command under way has opened. */
  sinks: number[];
  badInARow: number;
  failedLogins: number;
  openedAt: number;
  activeAt: number;
}

/** Notes how far the command under way has come. */
export function progressed(state: ImapState, done: number, goal: number): void {
  if (state.running?.kind === "command") state.running.progress = { done, goal };
}

/** Untagged lines as an effect; `text` is latin1 and ends with CRLF. */
export function sendText(text: string): Effect {
  return { type: "send", bytes: latin1Bytes(text) };
}

/** The beginning of a FETCH response; RFC 9586 section 3.3: of a UIDFETCH response after ENABLE UIDONLY. */
export function fetchHead(state: LoginState, seq: number, uid: number): string {
  return state.uidOnly ? `* ${uid} UIDFETCH (` : `* ${seq} FETCH (`;
}

/** VANISHED takes the place of EXPUNGE: RFC 7162 section 3.2.10, RFC 9586 section 3.5. */
export function tellsVanished(state: LoginState): boolean {
  return state.qresync || state.uidOnly;
}

/** `* seq FETCH (UID … FLAGS (…))`, with MODSEQ for whoever asked for it (RFC 7162 section 3.2). */
export function formatFlags(state: ImapState, seq: number, change: FlagChange, withUid: boolean): string {
  const modseq = state.condstore ? ` MODSEQ (${change.modseq})` : "";
  // RFC 9051 section 7.5.2: unsolicited FETCH responses SHOULD include the UID.
  const uid = withUid || state.rev2 || state.condstore ? `UID ${change.uid} ` : "";
  return `${fetchHead(state, seq, change.uid)}${uid}FLAGS (${change.flags.join(" ")})${modseq})\r\n`;
}

/** FLAGS and PERMANENTFLAGS of the selected mailbox. */
export function formatFlagLists(view: View): string {
  const all = [...SYSTEM_FLAGS, ...view.keywords].join(" ");
  const permanent = permanentFlags(view).join(" ");
  return `* FLAGS (${all})\r\n* OK [PERMANENTFLAGS (${permanent})] Flags that stay\r\n`;
}

/** RFC 4314 section 5.1.1: they MUST reflect the rights. */
function permanentFlags({ readOnly, rights, keywords }: View): readonly string[] {
  if (readOnly) return [];
  const write = rights.includes("w");
  const may = (flag: string): boolean => {
    if (flag === "\\Seen") return rights.includes("s");
    return flag === "\\Deleted" ? rights.includes("t") : write;
  };
  return [...SYSTEM_FLAGS.filter(may), ...(write ? [...keywords, "\\*"] : [])];
}

/** All news that may be told now, as text; after NOTIFY only what it asked for (RFC 5465 section 3.1). */
export function newsOf(state: ImapState, mayExpunge: boolean): string {
  const view = state.view;
  const wanted = state.notify?.selected ?? { messages: true, flags: true };
  if (view === null || !wanted.messages) return "";
  const lists = wanted.flags && view.takeNewKeywords() ? formatFlagLists(view) : "";
  const print: PrintFlags = wanted.flags ? (seq, change) => formatFlags(state, seq, change, true) : () => "";
  return lists + view.flush(mayExpunge, print, tellsVanished(state));
}

/** Takes messages out that this session removed: what tells so, for searches and for the numbering. */
export function removeMessages(state: ImapState, uids: readonly number[]): string {
  const view = state.view!;
  // Others that wait go with them.
  return (view.contexts?.drop(view, [...view.vanishing, ...uids]) ?? "") + view.remove(uids, tellsVanished(state));
}
