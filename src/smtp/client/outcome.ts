/** What an attempt came to: the words between the client machine, the queue and the bounces. */
import type { TlsInfo } from "../../contract/mod.ts";

/** A reply as it is kept: the server's own, or what we say where it said nothing of use. */
export interface Verdict {
  /** RFC 5321 section 4.2. */
  readonly code: number;
  /** RFC 3463, the server's where it gave one. */
  readonly enhanced: string;
  /** Printable, one line, at most 500 characters. */
  readonly text: string;
  /** Whether the server said it; else it is our own finding. */
  readonly remote: boolean;
  /** What somebody here said in his own words: Unicode, perhaps of several lines. Not of another server. */
  readonly words?: string;
}

/** What the server said of one recipient. */
export interface RecipientResult extends Verdict {
  readonly kind: "delivered" | "temporary" | "permanent";
}

/** How an attempt at one host ended. */
export interface AttemptResult {
  /** One a recipient, in the order of the options. */
  readonly recipients: readonly RecipientResult[];
  /** Protocol and cipher that protected the message, or null. */
  readonly tls: TlsInfo | null;
  /** What the server calls itself in its greeting, or null. */
  readonly serverName: string | null;
  /**
   * Whether the trouble is the host's and not the message's, and the message cannot have been taken: the next host
   * may be tried for the recipients that are `temporary`.
   */
  readonly tryNextHost: boolean;
  /** STARTTLS failed where TLS was only wished for: the same host may be tried without. */
  readonly tlsFailed: boolean;
  /** Whether the server let us come as far as a transaction: it is there, and takes part. */
  readonly letIn: boolean;
  /** The connection had carried other messages before: trouble of it (`tryNextHost`) is first tried again on a fresh one. */
  readonly reused: boolean;
  /** Whether the server passes on wishes about reports (RFC 3461), so that success reports are not ours to make. */
  readonly dsn: boolean;
}

/** One line for a person: `550 5.1.1 No such user`. */
export function verdictText(verdict: Verdict): string {
  const enhanced = verdict.enhanced === "" ? "" : verdict.enhanced + " ";
  return `${verdict.code} ${enhanced}${verdict.text}`;
}

/** Our own finding, temporary (4yz). */
export function ownTemporary(enhanced: string, text: string, code: number = 451): RecipientResult {
  return { kind: "temporary", code, enhanced, text, remote: false };
}

/** Our own finding, permanent (5yz). */
export function ownPermanent(enhanced: string, text: string, code: number = 554): RecipientResult {
  return { kind: "permanent", code, enhanced, text, remote: false };
}
