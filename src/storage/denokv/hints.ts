/** What operations will ask for, as their arguments tell: it is got for all that wait, before they run. */
import type { Args, BlobId, StorageOp } from "../../contract/mod.ts";
import { rowOf } from "../engine/ids.ts";
import { threadKeys } from "../engine/threads.ts";
import { type Blobs, entryKey } from "./blobs.ts";
import type { Key } from "./keys.ts";
import { threadPlace } from "./mail_tables.ts";

/** Of one operation. */
const LIMIT = 100;

export function hintsOf(op: StorageOp, args: unknown, blobs: Blobs): readonly Key[] {
  if (op === "mail.accept") {
    const { deliveries, queued, blobId } = args as Args<"mail.accept">;
    const accounts = [...new Set(deliveries.map(({ accountId }) => accountId))];
    const ids = [blobId, ...[...deliveries, ...queued].flatMap((one) => one.blobId ?? [])];
    return keysOf(accounts, ids, blobs);
  }
  if (op === "email.append") {
    const { accountId, messages } = args as Args<"email.append">;
    return keysOf([accountId], messages.map(({ blobId }) => blobId), blobs);
  }
  return [];
}

/** The blobs, and the conversations of each account that they may belong to. */
function keysOf(accounts: readonly string[], ids: readonly BlobId[], blobs: Blobs): readonly Key[] {
  const keys: Key[] = [];
  for (const blobId of new Set(ids)) {
    keys.push(entryKey(blobId));
    const index = blobs.held(blobId)?.index;
    if (!index) continue;
    for (const key of threadKeys(index)) {
      for (const account of accounts) keys.push(threadPlace(rowOf("a", account), key));
      if (keys.length > LIMIT) return keys;
    }
  }
  return keys;
}
