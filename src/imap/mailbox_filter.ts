/** Which mailboxes are meant: `filter-mailboxes` of NOTIFY (RFC 5465 section 6) and ESEARCH (RFC 7377 section 2.2). */
import type { AccountId, Mailbox } from "../contract/mod.ts";
import type { Lexer } from "./wire/lexer.ts";
import { DELIMITER, mailbox } from "./wire/mailbox_name.ts";

export type MailboxFilter =
  | { readonly kind: "selected" | "selectedDelayed" | "personal" | "subscribed" }
  | { readonly kind: "mailboxes" | "subtree" | "subtreeOne"; readonly paths: readonly string[] };

const NAMES_LIMIT = 1000;

/** `filter-mailboxes`, with `subtree-one` where it may stand. */
export function mailboxFilter(lexer: Lexer, utf8: boolean, subtreeOne: boolean): MailboxFilter {
  switch (lexer.word()) {
    case "SELECTED":
      return { kind: "selected" };
    case "SELECTED-DELAYED":
      return { kind: "selectedDelayed" };
    case "INBOXES": // RFC 5465 section 6.3: filters may deliver everywhere, so it is all of them
    case "PERSONAL":
      return { kind: "personal" };
    case "SUBSCRIBED":
      return { kind: "subscribed" };
    case "MAILBOXES":
      return { kind: "mailboxes", paths: spPaths(lexer, utf8) };
    case "SUBTREE":
      return { kind: "subtree", paths: spPaths(lexer, utf8) };
    case "SUBTREE-ONE":
      if (subtreeOne) return { kind: "subtreeOne", paths: spPaths(lexer, utf8) };
  }
  return lexer.fail("No such choice of mailboxes");
}

/** `SP one-or-more-mailbox`; a name in no encoding names nothing. */
function spPaths(lexer: Lexer, utf8: boolean): readonly string[] {
  lexer.sp();
  const paths = lexer.peek() === "(" ? lexer.list(() => mailbox(lexer, utf8)) : [mailbox(lexer, utf8)];
  if (paths.length > NAMES_LIMIT) lexer.fail("Too many mailboxes");
  return paths.filter((path) => path !== null);
}

/** Whether it names this mailbox; what is selected, nobody knows here. */
export function isMeant(filter: MailboxFilter, { path, ownerId, subscribed }: Mailbox, accountId: AccountId): boolean {
  switch (filter.kind) {
    case "selected":
    case "selectedDelayed":
      return false;
    case "personal":
      return ownerId === accountId;
    case "subscribed":
      return subscribed;
    case "mailboxes":
      return filter.paths.includes(path);
    case "subtree":
      return filter.paths.some((root) => path === root || path.startsWith(root + DELIMITER));
    case "subtreeOne":
      return filter.paths.some((root) => path === root || parentOf(path) === root);
  }
}

/** The path one level up; empty where there is none. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(DELIMITER)));
}
