/** What the HTTP layer asks about scripts besides keeping them: whether they can run, and what they would do. */

import type { FilterRule, RuleProblem } from "../contract/mod.ts";

/** Something that is wrong with a script. */
export interface ScriptError {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** One sentence. */
  readonly reason: string;
}

/** A stored message and what scripts say of it. */
export interface ScriptedMessage {
  readonly mailbox: string;
  readonly uid: number;
  readonly from: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What the script says, each with the line that says so. */
  readonly actions: readonly string[];
  /** What the active script says, where the two are compared. */
  readonly before?: readonly string[];
  /** What was done; empty for a dry run. */
  readonly done?: readonly string[];
  /** What went wrong in the script. */
  readonly failures: readonly string[];
}

/** What came of looking at stored messages. */
export interface ScriptReport {
  /** Messages that were looked at. */
  readonly looked: number;
  /** There were more than are looked at in one go. */
  readonly more: boolean;
  readonly messages: readonly ScriptedMessage[];
}

/** Which messages are looked at, and by which script. */
export interface ScriptQuestion {
  readonly address: string;
  /** The text of a script. */
  readonly content: string;
  readonly name: string;
  /** One mailbox, or null: all but Sent, Drafts and Trash. */
  readonly mailbox: string | null;
  /** Only what came since, milliseconds since 1970; null: all. */
  readonly since: number | null;
  readonly limit: number;
}

/** What a script says of a message that is not here. */
export interface TriedScript {
  /** Each with the line that says so. */
  readonly actions: readonly string[];
  readonly failures: readonly string[];
  /** Each test and action, with what came of it. */
  readonly log: readonly string[];
}

/** Scripts at work. */
export interface SieveDesk {
  /** All that is wrong with a script; empty where it can run. Its name says in which language it is. */
  check(name: string, content: string): Promise<readonly ScriptError[]>;
  /** A script as rules; what is no rule comes as text. */
  readRules(content: string): readonly FilterRule[];
  /** Rules as a script, or all that is wrong with them. */
  writeRules(
    rules: readonly FilterRule[],
  ): { readonly script: string } | { readonly problems: readonly RuleProblem[] };
  /** What a script would do with a message, in the world of an account; null: there is no such account. */
  tryOn(
    question: { readonly address: string; readonly content: string; readonly name: string } & {
      readonly message: Uint8Array;
      readonly from: string | null;
      readonly to: string | null;
    },
  ): Promise<TriedScript | null>;
  /** Messages that would go elsewhere than by the active script. */
  diff(question: ScriptQuestion): Promise<ScriptReport | null>;
  /** What the script says of each message; with `apply` it is done, as far as it can be done to mail that is there. */
  run(question: ScriptQuestion & { readonly apply: boolean }): Promise<ScriptReport | null>;
}
