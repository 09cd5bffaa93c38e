/** Tokens: secrets that the server made for an account. */
import type { AnswerOf, Args, DirectoryRefused, Token } from "../../contract/mod.ts";
import { canonicalAddress } from "./address.ts";
import { accountIdOf } from "./ids.ts";
import type { AccountRow, TokenRow, Transaction } from "./tables.ts";

/** Of one account. */
const TOKENS_LIMIT = 100;
const NAME_LIMIT = 100;

export function tokenList(tx: Transaction, args: Args<"token.list">): AnswerOf<"token.list"> {
  const account = accountNamed(tx, args.address);
  return "refused" in account ? account : tx.tokens(account.id).map(print);
}

export function tokenAdd(tx: Transaction, args: Args<"token.add">): AnswerOf<"token.add"> {
  const account = accountNamed(tx, args.address);
  if ("refused" in account) return account;
  const name = args.name.trim();
  if (name === "" || name.length > NAME_LIMIT || /\p{Cc}/u.test(name)) {
    return {
      refused: "invalid",
      text: `the name of a token has 1 to ${NAME_LIMIT} characters and no control characters`,
    };
  }
  if (tx.tokens(account.id).length >= TOKENS_LIMIT) {
    return { refused: "inUse", text: `${account.address} has ${TOKENS_LIMIT} tokens; remove one first` };
  }
  if (tx.token(args.hash)) return { refused: "exists", text: "there is such a token already" };
  const { hash, expiresAt, now } = args;
  const row = { id: tx.next("token"), account: account.id, hash, name, createdAt: now, expiresAt };
  tx.addToken(row);
  return print(row);
}

export function tokenRemove(tx: Transaction, args: Args<"token.remove">): AnswerOf<"token.remove"> {
  const account = accountNamed(tx, args.address);
  if ("refused" in account) return account;
  const row = tx.tokens(account.id).find((one) => print(one).tokenId === args.tokenId);
  if (!row) return { refused: "notFound", text: `${account.address} has no token ${args.tokenId}` };
  tx.removeToken(row);
  return { removed: true };
}

export function tokenFind(tx: Transaction, args: Args<"token.find">): AnswerOf<"token.find"> {
  const row = tx.token(args.hash);
  if (!row || (row.expiresAt !== null && row.expiresAt <= args.now)) return null;
  const account = tx.account(row.account);
  return account && { accountId: accountIdOf(account.id), address: account.address, disabled: account.disabled };
}

function accountNamed(tx: Transaction, text: string): AccountRow | DirectoryRefused {
  const address = canonicalAddress(text);
  const account = address === null ? null : tx.accountByAddress(address);
  return account ?? { refused: "notFound", text: `there is no account ${text}` };
}

function print({ id, name, createdAt, expiresAt }: TokenRow): Token {
  return { tokenId: `k${id}`, name, createdAt, expiresAt };
}
