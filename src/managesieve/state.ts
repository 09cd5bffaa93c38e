import { ByteQueue } from "../base/byte_queue.ts";
import { type Login, type Program, type Running, type SessionInfo, SIEVE_STORE_LIMITS } from "../contract/mod.ts";
import type { SaslExchange, SaslMechanism } from "../sasl/mod.ts";
import { CommandReader, type ReadBounds } from "./wire/reader.ts";

/** Bounds of one connection. */
export interface ManageSieveLimits {
  /** Of commands before somebody has logged in. */
  readonly before: ReadBounds;
  /** Of commands behind it; a literal is a script. */
  readonly after: ReadBounds;
  readonly authAttempts: number;
  readonly badCommands: number;
  /** Milliseconds until somebody must have logged in. */
  readonly authMs: number;
  /** RFC 5804 section 1.2: at least thirty minutes. */
  readonly idleMs: number;
}

/** Bounds that suit a public server. */
export const MANAGESIEVE_LIMITS: ManageSieveLimits = {
  before: { line: 12_288, literal: 12_288, skip: 12_288 },
  after: { line: 12_288, literal: SIEVE_STORE_LIMITS.octets + 2048, skip: 64 << 20 },
  authAttempts: 3,
  badCommands: 10,
  authMs: 60_000,
  idleMs: 1_800_000,
};

/** What one listener offers. */
export interface ManageSieveOptions {
  /** Told as IMPLEMENTATION. */
  readonly implementation: string;
  /** Whether STARTTLS is offered while the connection is plain. */
  readonly startTls: boolean;
  /** Whether passwords may be sent without TLS (tests, loopback). */
  readonly allowPlaintext: boolean;
  readonly mechanisms?: readonly SaslMechanism[];
  /** Extensions that scripts may require; all by default. */
  readonly extensions?: readonly string[];
  /** To how many addresses a script may redirect one message. */
  readonly redirects: number;
  readonly limits?: Partial<ManageSieveLimits>;
}

/** What the session waits for, besides commands. */
export type Waiting =
  /** A command's program. */
  | { readonly for: "program"; readonly running: Running<void> }
  /** A question of a SASL exchange. */
  | { readonly for: "answer"; readonly exchange: SaslExchange; readonly id: number }
  /** The client's next SASL response. */
  | { readonly for: "response"; readonly exchange: SaslExchange }
  | { readonly for: "tls" };

/** One connection; owned by its machine and changed in place. */
export interface ManageSieveState {
  phase: "open" | "closed";
  readonly in: ByteQueue;
  readonly reader: CommandReader;
  session: SessionInfo | null;
  waiting: Waiting | null;
  login: Login | null;
  badCommands: number;
  authFailures: number;
  /** When the present wait began. */
  since: number;
  nextId: number;
  /** What BYE says, once the server wants the session to end; null: it goes on. */
  goodbye: string | null;
}

export function startState(): ManageSieveState {
  return {
    phase: "open",
    in: new ByteQueue(),
    reader: new CommandReader(),
    session: null,
    waiting: null,
    login: null,
    badCommands: 0,
    authFailures: 0,
    since: 0,
    nextId: 0,
    goodbye: null,
  };
}

/** What a command does next: nothing, ask the world, talk SASL, or begin TLS. */
export type Then = void | { readonly run: Program<void> } | { readonly sasl: SaslExchange } | "startTls";
