/**
 * How keys are built. The first part is the scope: what is read and written together, has one generation, and is cached
 * as long as that generation stands (`scopes.ts`). There are few scopes, so that a transaction over all of them is still
 * one commit: Deno KV checks at most 100 keys in one.
 */
import { digest } from "../../base/hash.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import type { BlobId } from "../../contract/mod.ts";

export type Part = string | number;
/** Scope, kind of row, then what names it. */
export type Key = readonly [scope: string, kind: string, ...rest: Part[]];

/** Domains, aliases, addresses, tokens, settings, access control lists. */
export const DIRECTORY = "d";
export const METADATA = "t";
export const QUEUE = "q";
/** Records by kind and key. */
export const RECORDS = "n";
/** What was removed and can come back, of all accounts. */
export const REMOVED = "r";
/** Senders of what was forwarded. */
export const SENDERS = "s";

const ACCOUNT_SCOPES = 32;
const EMAIL_SCOPES = 32;
/** A process takes numbers of emails in blocks of so many, and a block is in one scope: two processes do not meet. */
export const BLOCK = 1024;

/** Mailboxes, memberships, conversations of an account. */
export function ofAccount(account: number): string {
  return `a${account % ACCOUNT_SCOPES}`;
}

export function ofEmail(email: number): string {
  return `e${Math.floor(email / BLOCK) % EMAIL_SCOPES}`;
}

/** By the last digit of its hash; what is no hash has none. */
export function ofBlob(blobId: BlobId): string {
  const last = blobId[blobId.length - 1] ?? "0";
  return `b${/^[0-9a-f]$/.test(last) ? last : "0"}`;
}

export const BLOB_SCOPES: readonly string[] = Array.from("0123456789abcdef", (digit) => `b${digit}`);

/** The key whose version changes with each commit that writes to the scope. */
export function generationKey(scope: string): readonly Part[] {
  return ["g", scope];
}

/** A text as a part of a key, which has room for 2 KiB: what is long is named by its hash. */
export function name(text: string): string {
  return text.length <= 200 ? text : `#${digest("sha256", utf8Bytes(text)).toHex()}`;
}

/** A key as the name of an entry in a map. */
export function textOf(key: readonly Part[]): string {
  return JSON.stringify(key);
}

/** In the order of Deno KV, as far as ranges are read: numbers by size, texts by their letters. */
export function compareKeys(a: readonly Part[], b: readonly Part[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === y) continue;
    if (typeof x === typeof y) return x < y ? -1 : 1;
    return typeof x === "string" ? -1 : 1;
  }
  return a.length - b.length;
}

export function startsWith(key: readonly Part[], prefix: readonly Part[]): boolean {
  return prefix.length <= key.length && prefix.every((part, i) => key[i] === part);
}
