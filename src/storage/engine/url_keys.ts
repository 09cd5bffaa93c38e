/** Access keys of mailboxes (RFC 4467 section 2.4) and the tokens made with them: `01` and HMAC-SHA-256, hexadecimal. */
import { randomBytes } from "node:crypto";
import { lowerAscii } from "../../base/ascii.ts";
import { latin1Bytes } from "../../base/bytes.ts";
import { equalSecretBytes, hmac } from "../../base/hash.ts";
import type { AnswerOf, Args } from "../../contract/mod.ts";
import { accountIdOf, mailboxIdOf } from "./ids.ts";
import { accountOf } from "./member.ts";
import { canonicalPath } from "./path.ts";
import type { MailboxRow, Transaction } from "./tables.ts";

const VERSION = "01";
const KEY_OCTETS = 32;

export function sign(tx: Transaction, args: Args<"url.sign">): AnswerOf<"url.sign"> {
  const mailbox = tx.mailboxByPath(accountOf(tx, args.accountId).id, canonicalPath(args.path));
  if (!mailbox) return null;
  let key = keyOf(tx, mailbox);
  if (key === "") tx.putSetting(nameOf(mailbox), key = randomBytes(KEY_OCTETS).toString("hex"));
  return { token: tokenFor(key, args.rump) };
}

export function verify(tx: Transaction, args: Args<"url.verify">): AnswerOf<"url.verify"> {
  const account = tx.accountByAddress(lowerAscii(args.owner));
  const mailbox = account && !account.disabled ? tx.mailboxByPath(account.id, canonicalPath(args.path)) : null;
  const key = mailbox ? keyOf(tx, mailbox) : "";
  // Without a key as much work as with one: time does not tell what exists.
  const right = equalSecretBytes(latin1Bytes(tokenFor(key, args.rump)), latin1Bytes(args.token));
  return account && mailbox && key !== "" && right
    ? { accountId: accountIdOf(account.id), mailboxId: mailboxIdOf(mailbox.id) }
    : null;
}

export function resetKeys(tx: Transaction, args: Args<"url.resetKeys">): AnswerOf<"url.resetKeys"> {
  const account = accountOf(tx, args.accountId);
  const one = args.path === null ? null : tx.mailboxByPath(account.id, canonicalPath(args.path));
  if (args.path !== null && !one) return { done: false };
  for (const mailbox of one ? [one] : tx.mailboxes(account.id)) {
    forgetKey(tx, mailbox);
  }
  return { done: true };
}

/** No token for the mailbox holds any more. */
export function forgetKey(tx: Transaction, mailbox: MailboxRow): void {
  tx.removeSetting(nameOf(mailbox));
}

/** Mailbox ids are never used again, so a key can never come to serve another mailbox. */
function nameOf(mailbox: MailboxRow): string {
  return `url.key.${mailbox.id}`;
}

function keyOf(tx: Transaction, mailbox: MailboxRow): string {
  return tx.setting(nameOf(mailbox)) ?? "";
}

function tokenFor(key: string, rump: string): string {
  return VERSION + hmac("sha256", latin1Bytes(key), latin1Bytes(rump)).toHex();
}
