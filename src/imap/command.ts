/** The shape of a command, and what commands have in common. */
import { ask, type MailboxChanges, type Modseq, type Program, type UidRange } from "../contract/mod.ts";
import { bad, no, type Reply } from "./reply.ts";
import type { CommandProgram, ImapState } from "./session.ts";
import { TEXTS } from "./texts.ts";
import type { View } from "./view.ts";
import type { Lexer } from "./wire/lexer.ts";
import {
  DELIMITER,
  formatMailbox,
  formatOldName,
  type GivenName,
  mailbox,
  mailboxAsGiven,
} from "./wire/mailbox_name.ts";
import type { SequenceSet } from "./wire/sequence_set.ts";

/** RFC 9051 section 3. `selected` is an authenticated state too. */
export type ProtocolState = "notAuthenticated" | "authenticated" | "selected";

export interface Command {
  readonly states: readonly ProtocolState[];
  /** Reads the arguments (behind the name, to the end) and returns the program that is not started yet. */
  parse(lexer: Lexer, state: ImapState, byUid: boolean): CommandProgram;
}

export const ANY: readonly ProtocolState[] = ["notAuthenticated", "authenticated", "selected"];
export const BEFORE_LOGIN: readonly ProtocolState[] = ["notAuthenticated"];
export const AFTER_LOGIN: readonly ProtocolState[] = ["authenticated", "selected"];
export const SELECTED: readonly ProtocolState[] = ["selected"];

/**
 * Messages that one transaction changes where a command need not be done as a whole: some milliseconds, after which
 * other sessions have their turn.
 */
export const AT_ONCE = 1_000;

/** The account; only in states that have one. */
export function accountOf(state: ImapState): NonNullable<ImapState["login"]>["accountId"] {
  return state.login!.accountId;
}

/** SP mailbox. A name in a broken encoding is answered NO by the program, so null is passed on. */
export function spMailbox(lexer: Lexer, state: ImapState): string | null {
  lexer.sp();
  return mailbox(lexer, state.utf8);
}

/** SP mailbox, with its spelling. */
export function spMailboxAsGiven(lexer: Lexer, state: ImapState): GivenName | null {
  lexer.sp();
  return mailboxAsGiven(lexer, state.utf8);
}

/**
 * RFC 9051 section 6.3.9.7: a rev2 client that wrote a name otherwise than we know it is told what became of it, as if
 * `given` had been renamed to `path`. Empty where nobody needs to be told.
 */
export function tellNormalized(state: ImapState, path: string, given: string, attributes = ""): string {
  if (!state.rev2) return "";
  return `* LIST (${attributes}) "${DELIMITER}" ${formatMailbox(path, true)}${formatOldName(given)}\r\n`;
}

/** The ranges of a set, or the reply that refuses it. */
export function resolve(view: View, set: SequenceSet, byUid: boolean): UidRange[] | Reply {
  return view.ranges(set, byUid) ?? bad(TEXTS.badSequence);
}

export const NO_SUCH_MAILBOX: Reply = no(TEXTS.noMailbox, "NONEXISTENT");
/** RFC 5530, RFC 4314 section 4: the mailbox is there, the right is not. */
export const NO_PERMISSION: Reply = no(TEXTS.noPermission, "NOPERM");
export const BAD_NAME: Reply = no(TEXTS.badName, "CANNOT");

/** Asks for the news of the selected mailbox, so that a poll never misses what was committed before it. */
export function* refresh(view: View): Program<void> {
  const changes: MailboxChanges = yield* ask("mailbox.changes", {
    accountId: view.accountId,
    mailboxId: view.mailboxId,
    since: view.modseq as Modseq,
  });
  view.apply(changes);
}

/** This session put messages into a mailbox: if it is the selected one, the client is told at once, and of its own. */
export function* arrived(state: ImapState, path: string, uids: Iterable<number>): Program<void> {
  if (state.view?.path !== path) return;
  if (state.notify) { for (const uid of uids) state.notify.made.add(uid); }
  yield* refresh(state.view);
}

/** RFC 5465 section 5: what this session itself did to names, subscriptions and annotations is no news for it. */
export function didRename(state: ImapState, ...names: string[]): void {
  for (const name of names) state.notify?.renamed.add(name);
}

/** A program that only replies. */
// deno-lint-ignore require-yield
export function* replyWith(reply: Reply): CommandProgram {
  return reply;
}

/**
 * A command whose first argument is a mailbox: `read` reads what stands behind it, `run` is not asked where the name
 * is in no encoding that can be one.
 */
export function onMailbox<A extends readonly unknown[] | []>(
  read: (lexer: Lexer) => A,
  run: (state: ImapState, path: string, ...more: A) => CommandProgram,
): Command {
  return {
    states: AFTER_LOGIN,
    parse(lexer, state) {
      const path = spMailbox(lexer, state);
      const more = read(lexer);
      lexer.end();
      return path === null ? replyWith(BAD_NAME) : run(state, path, ...more);
    },
  };
}

/** For `onMailbox`: nothing stands behind the mailbox. */
export function nothingMore(): [] {
  return [];
}
