import type { Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError, SetError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { BlobBudget } from "./budget.ts";
import { keepParts } from "./keep.ts";
import { bodyParts, findOctets, sizeOf } from "./octets.ts";

/** Blob/copy (RFC 8620 section 6.3): from one account into another, without going through the client. */
export function* blobCopy(call: Call): Program<JsonObject> {
  const from = call.account(false, "fromAccountId");
  const account = call.account(true);
  const blobIds = call.ids("blobIds");
  call.done();
  if (blobIds === null) throw call.wrong("blobIds", "a list of ids");
  if (blobIds.length > call.context.limits.maxObjectsInSet) throw new MethodError("requestTooLarge");
  const copied: [string, string][] = [];
  const notCopied: [string, JsonObject][] = [];
  for (const blobId of new Set(blobIds)) {
    try {
      const octets = yield* findOctets(call, from, blobId);
      if (!octets) throw new SetError("notFound");
      const size = yield* sizeOf(call, octets);
      BlobBudget.of(call.context).read(size);
      copied.push([blobId, (yield* keepParts(call, bodyParts(octets, 0, size))).blobId]);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      notCopied.push([blobId, error.toJson()]);
    }
  }
  return {
    fromAccountId: from.accountId,
    accountId: account.accountId,
    copied: copied.length > 0 ? Object.fromEntries(copied) : null,
    notCopied: notCopied.length > 0 ? Object.fromEntries(notCopied) : null,
  };
}
