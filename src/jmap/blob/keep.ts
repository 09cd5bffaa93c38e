import { ask, type BlobId, type BodyPart, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { SetError } from "../error.ts";

/** How long a blob that no object has stays, in milliseconds (RFC 8620 section 6: at least an hour). */
export const BLOB_KEPT_MS = 6 * 3_600_000;

/** A new blob of these parts, which stays for a time. Throws a `SetError` where there is no room. */
export function* keepParts(
  call: Call,
  parts: readonly BodyPart[],
): Program<{ readonly blobId: BlobId; readonly size: number }> {
  const made = yield* ask("body.make", { parts });
  if ("refused" in made) throw new SetError("overQuota", "the server has no room");
  const now = yield* ask("clock.now", {});
  const { accountId } = call.context.user;
  yield* ask("blob.keep", { accountId, blobId: made.blobId, until: now + BLOB_KEPT_MS, now });
  return made;
}
