import type { RelayConfig } from "./config.ts";

/** A program that takes messages on its standard input. */
export interface ProgramConfig {
  /** The file and its arguments, of which `{sender}`, `{recipient}`, `{account}`, `{user}`, `{domain}` and `{extension}` are filled in. */
  readonly command: readonly string[];
  /** Milliseconds until it is ended. */
  readonly timeout: number;
  /** Octets that it may write; with more it is ended. */
  readonly output: number;
  /** How many run at once. */
  readonly processes: number;
  /** Arguments that a script may add. */
  readonly arguments: number;
  readonly lineEnds: "lf" | "crlf";
  /** Whether a From_ line goes before the message, as in an mbox. */
  readonly fromLine: boolean;
  readonly environment: Readonly<Record<string, string>>;
  /** Where it runs; null: in the root. */
  readonly directory: string | null;
}

/** A Maildir a user. */
export interface MaildirConfig {
  /** `{account}`, `{user}` and `{domain}` are filled in. What comes before the first of them must be there. */
  readonly path: string;
  /** Whether it is made where it is not there. */
  readonly create: boolean;
  /** Kept in `maildirsize`, where the Maildir says nothing else; null: only what that says. */
  readonly quota: { readonly bytes: number; readonly messages: number | null } | null;
}

/** An mbox a user. */
export interface MboxConfig {
  readonly path: string;
  readonly create: boolean;
  /** Milliseconds that are waited for its locks. */
  readonly lockTime: number;
  /** Milliseconds after which a lock that nobody touched is of somebody who is gone. */
  readonly staleLock: number;
}

/** Where mail of accounts may go besides the store, by names. */
export interface DeliveryConfig {
  readonly programs: Readonly<Record<string, ProgramConfig>>;
  readonly maildirs: Readonly<Record<string, MaildirConfig>>;
  readonly mboxes: Readonly<Record<string, MboxConfig>>;
  /** Services, as relays of protocol `http`. */
  readonly http: Readonly<Record<string, RelayConfig>>;
}
