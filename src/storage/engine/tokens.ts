/** Tokens: secrets that the server made for an account. */
import { type AnswerOf, type Args, type DirectoryRefused, type Scope, SCOPES, type Token } from "../../contract/mod.ts";
import { canonicalAddress } from "./address.ts";
import { accountIdOf } from "./ids.ts";
import type { AccountRow, TokenRow, Transaction } from "./tables.ts";

/** Of one account. */
const TOKENS_LIMIT = 100;
const NAME_LIMIT = 100;
/** Of the text of an address. */
const FROM_LIMIT = 64;

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
  const scopes = args.scopes ?? null;
  if (scopes !== null && (scopes.length === 0 || !scopes.every((word) => SCOPES.includes(word)))) {
    return { refused: "invalid", text: `a token is for one or more of ${SCOPES.join(", ")}` };
  }
  if (tx.tokens(account.id).length >= TOKENS_LIMIT) {
    return { refused: "inUse", text: `${account.address} has ${TOKENS_LIMIT} tokens; remove one first` };
  }
  if (tx.token(args.hash)) return { refused: "exists", text: "there is such a token already" };
  const { hash, expiresAt, now } = args;
  const row = {
    id: tx.next("token"),
    account: account.id,
    hash,
    name,
    createdAt: now,
    expiresAt,
    scopes: scopes === null ? null : SCOPES.filter((word) => scopes.includes(word)).join(" "),
    usedAt: null,
    usedFrom: null,
  };
  tx.putToken(row);
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
  if (!account) return null;
  const { scopes, lastUsedAt } = print(row);
  const { id, address, disabled } = account;
  return { accountId: accountIdOf(id), address, disabled, scopes, lastUsedAt };
}

export function tokenUsed(tx: Transaction, { hash, from, now }: Args<"token.used">): AnswerOf<"token.used"> {
  const row = tx.token(hash);
  if (row) tx.putToken({ ...row, usedAt: now, usedFrom: from.slice(0, FROM_LIMIT) });
  return row !== null;
}

function accountNamed(tx: Transaction, text: string): AccountRow | DirectoryRefused {
  const address = canonicalAddress(text);
  const account = address === null ? null : tx.accountByAddress(address);
  return account ?? { refused: "notFound", text: `there is no account ${text}` };
}

function print({ id, name, createdAt, expiresAt, scopes, usedAt, usedFrom }: TokenRow): Token {
  const words = scopes === null ? null : scopes.split(" ") as Scope[]; // as `token.add` wrote them
  return { tokenId: `k${id}`, name, createdAt, expiresAt, scopes: words, lastUsedAt: usedAt, lastUsedFrom: usedFrom };
}
