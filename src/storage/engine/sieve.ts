/** Sieve scripts of accounts: their names, their texts, and which one is active. */
import { utf8Bytes } from "../../base/bytes.ts";
import { textTag } from "../../base/text_tag.ts";
import {
  type AnswerOf,
  type Args,
  type DirectoryRefused,
  SIEVE_STORE_LIMITS,
  type SieveExpected,
  type StoredSieve,
} from "../../contract/mod.ts";
import { canonicalAddress } from "./address.ts";
import { noteRename, noteScripts } from "./sieve_objects.ts";
import type { AccountRow, SieveRow, Transaction } from "./tables.ts";

const { scripts: SCRIPTS_LIMIT, octets: SCRIPT_OCTETS } = SIEVE_STORE_LIMITS;
const NAME_OCTETS = 512;
// RFC 5804 section 1.6: no control characters and no line or paragraph separator.
const FORBIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

export function sieveList(tx: Transaction, args: Args<"sieve.list">): AnswerOf<"sieve.list"> {
  const account = accountNamed(tx, args.address);
  return "refused" in account ? account : tx.sieves(account.id).map(print);
}

export function sieveGet(tx: Transaction, args: Args<"sieve.get">): AnswerOf<"sieve.get"> {
  const account = accountNamed(tx, args.address);
  if ("refused" in account) return account;
  const { name } = args;
  const row = tx.sieves(account.id).find((one) => name === null ? one.active : one.name === name);
  if (!row) return name === null ? noneActive(account) : unknown(account, name);
  return { ...print(row), content: tx.sieveText(account.id, row.name) ?? "" };
}

export function sievePut(tx: Transaction, args: Args<"sieve.put">): AnswerOf<"sieve.put"> {
  const account = accountNamed(tx, args.address);
  if ("refused" in account) return account;
  const { name, content } = args;
  const wrong = nameProblem(name);
  if (wrong) return wrong;
  const octets = utf8Bytes(content).length;
  if (octets > SCRIPT_OCTETS) {
    return { refused: "invalid", text: `a script has at most ${SCRIPT_OCTETS} octets; this one has ${octets}` };
  }
  // RFC 5228 section 2.1: a script has no NUL.
  if (content.includes("\0")) return { refused: "invalid", text: "a script has no octet 0" };
  const there = tx.sieves(account.id);
  const before = there.find((row) => row.name === name);
  const other = unexpected(tx, account, name, args.expected);
  if (other) return other;
  if (!before && there.length >= SCRIPTS_LIMIT) {
    return { refused: "inUse", text: `${account.address} has ${SCRIPTS_LIMIT} scripts; remove one first` };
  }
  const row = { account: account.id, name, octets, active: before?.active ?? false };
  tx.putSieve(row, content);
  noteScripts(tx, account, name);
  return print(row);
}

export function sieveActivate(tx: Transaction, args: Args<"sieve.activate">): AnswerOf<"sieve.activate"> {
  const account = accountNamed(tx, args.address);
  if ("refused" in account) return account;
  const { name } = args;
  if (name !== null && !find(tx, account, name)) return unknown(account, name);
  tx.activateSieve(account.id, name);
  noteScripts(tx, account, null);
  return { changed: true };
}

export function sieveRename(tx: Transaction, args: Args<"sieve.rename">): AnswerOf<"sieve.rename"> {
  const account = accountNamed(tx, args.address);
  if ("refused" in account) return account;
  const { name, newName } = args;
  const row = find(tx, account, name);
  if (!row) return unknown(account, name);
  const wrong = nameProblem(newName);
  if (wrong) return wrong;
  if (find(tx, account, newName)) {
    return { refused: "exists", text: `${account.address} has a script ${JSON.stringify(newName)} already` };
  }
  const content = tx.sieveText(account.id, name) ?? "";
  tx.removeSieve(account.id, name);
  const renamed = { ...row, name: newName };
  tx.putSieve(renamed, content);
  noteRename(tx, account, name, newName);
  return print(renamed);
}

export function sieveRemove(tx: Transaction, args: Args<"sieve.remove">): AnswerOf<"sieve.remove"> {
  const account = accountNamed(tx, args.address);
  if ("refused" in account) return account;
  const row = find(tx, account, args.name);
  if (!row) return unknown(account, args.name);
  const other = unexpected(tx, account, args.name, args.expected);
  if (other) return other;
  if (row.active) return { refused: "inUse", text: `the script ${JSON.stringify(args.name)} is active` };
  tx.removeSieve(account.id, args.name);
  noteScripts(tx, account, null);
  return { removed: true };
}

function find(tx: Transaction, account: AccountRow, name: string): SieveRow | undefined {
  return tx.sieves(account.id).find((row) => row.name === name);
}

/** Null: the script is as whoever changes it believes. */
function unexpected(
  tx: Transaction,
  account: AccountRow,
  name: string,
  expected: SieveExpected | undefined,
): DirectoryRefused | null {
  if (expected === undefined) return null;
  const text = find(tx, account, name) ? tx.sieveText(account.id, name) ?? "" : null;
  const holds = expected === "there"
    ? text !== null
    : expected === "notThere"
    ? text === null
    : text !== null && expected.tags.includes(textTag(text));
  if (holds) return null;
  const what = text === null ? "is not there (any more)" : expected === "notThere" ? "is there already" : "has changed";
  const advice = "read it again, put your change into what it is now, and send that with its new ETag";
  return {
    refused: "changed",
    text: `the script ${JSON.stringify(name.slice(0, 100))} ${what} since you read it: ${advice}`,
  };
}

function nameProblem(name: string): DirectoryRefused | null {
  const { length } = utf8Bytes(name);
  if (length > 0 && length <= NAME_OCTETS && !FORBIDDEN.test(name)) return null;
  return {
    refused: "invalid",
    text: `the name of a script has 1 to ${NAME_OCTETS} octets and no control characters`,
  };
}

function unknown(account: AccountRow, name: string): DirectoryRefused {
  return { refused: "notFound", text: `${account.address} has no script ${JSON.stringify(name.slice(0, 100))}` };
}

function noneActive(account: AccountRow): DirectoryRefused {
  return { refused: "notFound", text: `${account.address} has no active script` };
}

function accountNamed(tx: Transaction, text: string): AccountRow | DirectoryRefused {
  const address = canonicalAddress(text);
  const account = address === null ? null : tx.accountByAddress(address);
  return account ?? { refused: "notFound", text: `there is no account ${text}` };
}

function print({ name, octets, active }: SieveRow): StoredSieve {
  return { name, octets, active };
}
