import { ByteQueue } from "../../base/byte_queue.ts";
import type {
  Effect,
  EnvelopeRecipient,
  EnvelopeSender,
  Login,
  OpFailed,
  Peer,
  RefusalWords,
  SessionInfo,
  TlsInfo,
  TraceId,
} from "../../contract/mod.ts";
import { logEvent } from "../../contract/mod.ts";
import type { SaslExchange, SaslMechanism } from "../../sasl/mod.ts";
import { type BreakChecker, type DotDecoder, formatReply } from "../wire/mod.ts";
import type { SmtpLimits } from "./limits.ts";

/** What kind of server this is. */
export interface SmtpServerOptions {
  readonly profile: "mx" | "submission" | "lmtp";
  /** The name in the greeting and in EHLO. */
  readonly hostname: string;
  /** Words behind the name in the greeting; nothing is better than much. */
  readonly greeting?: string;
  readonly limits: SmtpLimits;
  /** STARTTLS is offered as long as there is no TLS. */
  readonly startTls: boolean;
  /** Nothing but EHLO, NOOP, STARTTLS and QUIT without TLS. */
  readonly requireTls: boolean;
  /** AUTH is offered without TLS too: for tests and loopback. */
  readonly allowPlaintextAuth: boolean;
  /** Empty: AUTH is not there. */
  readonly mechanisms: readonly SaslMechanism[];
  /** Submission: for how long a message may be held (RFC 4865), milliseconds; 0 or absent: not at all. */
  readonly futureReleaseMs?: number;
  /** The greeting waits for the answer to `client.verify`; default false. */
  readonly verifyClient?: boolean;
}

/** A mail transaction (RFC 5321 section 3.3). */
export interface Transaction {
  readonly sender: EnvelopeSender;
  readonly recipients: EnvelopeRecipient[];
  /** Whether RCPT was tried at all. */
  tried: boolean;
  body: Body | null;
}

/** A body on its way in. */
export interface Body {
  readonly sink: number;
  readonly traceId: TraceId;
  readonly startedAt: number;
  readonly checker: BreakChecker | null;
  size: number;
  opened: boolean;
  tooBig: boolean;
}

/** What the session expects next. */
export type At =
  | { readonly kind: "command" }
  /** The rest of a line that is too long; `length` octets of it came. */
  | { readonly kind: "longLine"; length: number }
  | { readonly kind: "data"; readonly body: Body; readonly decoder: DotDecoder }
  /** Octets of BDAT; `body` is null where they are thrown away and `reply` follows. */
  | {
    readonly kind: "chunk";
    left: number;
    readonly size: number;
    readonly last: boolean;
    readonly body: Body | null;
    readonly reply: Reply | null;
  }
  | { readonly kind: "auth"; readonly exchange: SaslExchange; readonly mechanism: SaslMechanism; login: string | null }
  | { readonly kind: "asking"; readonly id: number; readonly then: Then }
  | { readonly kind: "tls" }
  | { readonly kind: "closed" };

/** Which question is out. */
export type Then =
  | { readonly kind: "ehlo" }
  /** The greeting waits; whoever talks meanwhile is heard. */
  | { readonly kind: "client" }
  | { readonly kind: "mail"; readonly sender: EnvelopeSender }
  | { readonly kind: "rcpt"; readonly recipient: EnvelopeRecipient }
  | { readonly kind: "seal"; readonly body: Body }
  | { readonly kind: "receive"; readonly body: Body }
  | { readonly kind: "auth"; readonly auth: Extract<At, { kind: "auth" }> };

/** A reply as it is decided on. */
export interface Reply {
  readonly code: number;
  readonly enhanced: string | null;
  readonly text: string;
  /** Somebody's own words, for clients that take UTF-8. */
  readonly words?: RefusalWords;
}

/** One connection. Its owner is the machine, and it is changed in place. */
export class SmtpState {
  readonly options: SmtpServerOptions;
  readonly in: ByteQueue = new ByteQueue();
  at: At = { kind: "command" };
  session: SessionInfo | null = null;
  tls: TlsInfo | null = null;
  helo: string | null = null;
  esmtp = false;
  login: Login | null = null;
  mail: Transaction | null = null;
  stopping: false | "server" | "banned" = false;
  /** Octets came before the greeting. */
  early = false;
  /** Nothing may be sent behind EHLO before its reply. */
  strict = false;
  now = 0;
  /** When the present phase began. */
  since = 0;
  errors = 0;
  refusedRecipients = 0;
  authFailures = 0;
  idleCommands = 0;
  mails = 0;
  /** Effects of the step under way. */
  out: Effect[] = [];
  #calls = 0;
  #bodies = 0;

  constructor(options: SmtpServerOptions) {
    this.options = options;
  }

  nextCall(): number {
    return ++this.#calls;
  }

  beginBody(checker: BreakChecker | null): Body {
    const sink = ++this.#bodies;
    const traceId = `${this.session?.id ?? ""}.${sink}` as TraceId;
    return { sink, traceId, startedAt: this.now, checker, size: 0, opened: false, tooBig: false };
  }

  send(bytes: Uint8Array): void {
    this.out.push({ type: "send", bytes });
  }

  reply(code: number, enhanced: string | null, ...lines: readonly string[]): void {
    this.send(formatReply(code, enhanced, ...lines));
  }

  /** A refusal of ours: counted, logged, and with too many of them the end. */
  refuse(command: string, code: number, enhanced: string, text: string): void {
    this.logRefusal(command, code, `${enhanced} ${text}`);
    if (++this.errors >= this.options.limits.errors) {
      this.misdeed("errors");
      this.end("4.7.0", "Too many errors; closing the connection");
    } else this.reply(code, enhanced, text);
  }

  logRefusal(command: string, code: number, reason: string): void {
    const remoteAddress = this.session?.remoteAddress ?? "";
    this.out.push(logEvent("info", "smtp.refused", { command, code, reason, remoteAddress }));
  }

  /** What no mail program does: the world counts it. */
  misdeed(kind: string): void {
    this.out.push(logEvent("info", "smtp.abuse", { kind, remoteAddress: this.session?.remoteAddress ?? "" }));
  }

  logFailure(error: OpFailed): void {
    this.out.push(logEvent("warn", "smtp.failed", { op: error.op, reason: error.reason, text: error.message }));
  }

  /** RFC 5321 section 3.8: 421, and the connection ends. */
  end(enhanced: string, text: string): void {
    this.close(formatReply(421, enhanced, `${this.options.hostname} ${text}`));
  }

  close(last: Uint8Array): void {
    this.resetMail();
    this.send(last);
    this.out.push({ type: "close" });
    this.at = { kind: "closed" };
  }

  /** Forgets the transaction, and what came of a body. */
  resetMail(): void {
    const body = this.mail?.body ?? null;
    if (body !== null) this.abort(body);
    this.mail = null;
  }

  abort(body: Body): void {
    if (body.opened) this.out.push({ type: "bodyAbort", sink: body.sink });
    body.opened = false;
  }

  /** RFC 3207 section 4.2: after the handshake nothing that came before counts. */
  restart(tls: TlsInfo): void {
    this.tls = tls;
    this.helo = null;
    this.esmtp = false;
    this.login = null;
    this.resetMail();
    this.at = { kind: "command" };
  }

  /** Who speaks; `via` as RFC 3848 and RFC 6531 section 4.3 name it. */
  peer(smtputf8: boolean): Peer {
    const session = this.session!;
    const lmtp = this.options.profile === "lmtp";
    const base = lmtp ? "LMTP" : this.esmtp || this.tls || this.login ? "ESMTP" : "SMTP";
    const suffix = (this.tls ? "S" : "") + (this.login ? "A" : "");
    const name = !smtputf8 ? base : lmtp ? "UTF8LMTP" : "UTF8SMTP";
    const info = session.tls === this.tls ? session : { ...session, tls: this.tls };
    return { session: info, helo: this.helo ?? "", via: name + suffix, login: this.login };
  }
}
