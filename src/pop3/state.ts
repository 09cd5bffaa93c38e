import { ByteQueue } from "../base/byte_queue.ts";
import type { Login, Program, Running, SessionInfo } from "../contract/mod.ts";
import type { SaslExchange, SaslMechanism } from "../sasl/mod.ts";
import type { Maildrop } from "./maildrop.ts";

/** Bounds of one connection. */
export interface Pop3Limits {
  /** Octets of a command line with its CRLF (RFC 2449 section 4 wants 255). */
  readonly line: number;
  /** Octets of a line that carries SASL (RFC 5034 section 4). */
  readonly saslLine: number;
  readonly authAttempts: number;
  readonly badCommands: number;
  /** Milliseconds until somebody must have logged in. */
  readonly authMs: number;
  /** RFC 1939 section 3: at least ten minutes. */
  readonly idleMs: number;
}

/** Bounds that suit a public server. */
export const POP3_LIMITS: Pop3Limits = {
  line: 512,
  saslLine: 12_288,
  authAttempts: 3,
  badCommands: 10,
  authMs: 60_000,
  idleMs: 600_000,
};

/** What one listener offers. */
export interface Pop3Options {
  /** Named in the greeting. */
  readonly hostname: string;
  /** Whether STLS is offered while the connection is plain. */
  readonly startTls: boolean;
  /** Whether passwords may be sent without TLS (tests, loopback). */
  readonly allowPlaintext: boolean;
  readonly mechanisms?: readonly SaslMechanism[];
  readonly limits?: Partial<Pop3Limits>;
}

/** What the session waits for, besides commands. */
export type Waiting =
  /** A command's program, or none. */
  | { readonly for: "program"; readonly running: Running<void> }
  /** A question of a SASL exchange. */
  | { readonly for: "answer"; readonly exchange: SaslExchange; readonly id: number }
  /** The client's next SASL response. */
  | { readonly for: "response"; readonly exchange: SaslExchange }
  | { readonly for: "tls" };

/** One connection; owned by its machine and changed in place. */
export interface Pop3State {
  phase: "authorization" | "transaction" | "closed";
  readonly in: ByteQueue;
  session: SessionInfo | null;
  waiting: Waiting | null;
  /** USER's argument, octets as latin1, for one PASS. */
  user: string | null;
  utf8: boolean;
  login: Login | null;
  drop: Maildrop | null;
  badCommands: number;
  authFailures: number;
  /** When the present wait began. */
  since: number;
  nextId: number;
  /** The last line, once the server wants the session to end; null: it goes on. */
  goodbye: string | null;
  /** QUIT's removal is under way. */
  quitting: boolean;
}

export function startState(): Pop3State {
  return {
    phase: "authorization",
    in: new ByteQueue(),
    session: null,
    waiting: null,
    user: null,
    utf8: false,
    login: null,
    drop: null,
    badCommands: 0,
    authFailures: 0,
    since: 0,
    nextId: 0,
    goodbye: null,
    quitting: false,
  };
}

/** What a command does next: nothing, ask the world, or talk SASL. */
export type Then = void | { readonly run: Program<void> } | { readonly sasl: SaslExchange };
