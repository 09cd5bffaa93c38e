/** Taking a submission back (RFC 8621 section 7): only `undoStatus` changes, from pending to canceled. */
import { type AccountId, ask, type Program } from "../../contract/mod.ts";
import { invalidProperties, SetError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { readPatch, withoutUnchanged } from "../standard/set.ts";
import { SUBMISSION_PROPERTIES } from "./get.ts";
import { lookUp, pendingRows, printSubmission } from "./status.ts";
import type { Submission } from "./stored.ts";

/** Answers of which email it is. Throws `SetError`. */
export function* updateSubmission(accountId: AccountId, id: string, patch: JsonObject): Program<string> {
  const { whole, within } = readPatch(patch);
  const { found: [found] } = yield* lookUp(accountId, [id]);
  if (!found) throw new SetError("notFound");
  const inside = [...within.keys()];
  if (inside.some((property) => !SUBMISSION_PROPERTIES.has(property))) throw new SetError("invalidPatch");
  if (inside.length > 0) throw invalidProperties(inside, "it cannot change");
  const left = withoutUnchanged(whole, printSubmission(found), (property) => property !== "undoStatus");
  const wanted = left.get("undoStatus");
  const { id: _, status, ...submission } = found;
  if (wanted === undefined || wanted === status.undoStatus) return submission.emailId;
  if (wanted !== "canceled") throw invalidProperties(["undoStatus"]);
  yield* takeBack(submission);
  const canceled: Submission = {
    ...submission,
    isCanceled: true,
    status: { undoStatus: "canceled", deliveryStatus: null, isEnded: true },
  };
  const update = [{ objectId: id, value: JSON.stringify(canceled) }];
  yield* ask("object.set", { accountId, kind: "submission", update });
  return submission.emailId;
}

function* takeBack(submission: Submission): Program<void> {
  const now = yield* ask("clock.now", {});
  const rows = yield* pendingRows(submission, now);
  if (rows.length === 0) throw new SetError("cannotUnsend", "it is on its way");
  const ids = rows.map(({ queueId }) => queueId);
  const { changed } = yield* ask("queue.change", { ids, now, change: "remove", by: "its sender" });
  if (changed < rows.length) throw new SetError("cannotUnsend", "it is on its way to some");
}
