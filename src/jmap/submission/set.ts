import { ask, type EmailId, type Program, type QueueId, type Refusal } from "../../contract/mod.ts";
import { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import { emailSet } from "../email/set.ts";
import { allIdentities } from "../identity/identities.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { readPatch, readSet, type SetArguments, SetResults } from "../standard/set.ts";
import { printState } from "../state.ts";
import { envelopeFromHeader, headerSender, readEnvelope } from "./envelope.ts";
import { pendingRows, readSubmission, type Submission } from "./status.ts";
import { printDate } from "../date.ts";

/** EmailSubmission/set (RFC 8621 section 7.5): each message is taken as submission takes it, and is on disk then. */
export function* submissionSet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  const onSuccessUpdateEmail = call.object("onSuccessUpdateEmail");
  const onSuccessDestroyEmail = call.strings("onSuccessDestroyEmail");
  call.done();
  if (!args.account.isPersonal) throw new MethodError("forbidden");
  const { accountId } = call.context.user;
  const oldState = yield* ask("account.state", { accountId });
  if (args.ifState !== null && args.ifState !== oldState) throw new MethodError("stateMismatch");
  const results = new SetResults(call);
  const now = yield* ask("clock.now", {});
  /** Emails of submissions that were made, changed or destroyed, by the id of these. */
  const emails = new Map<string, string>();
  for (const [creationId, object] of args.create) {
    try {
      const made = yield* submit(call, args, object, now);
      results.created(creationId, made.told);
      emails.set(made.told.id, made.emailId);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notCreated(creationId, error);
    }
  }
  yield* updateAll(args, accountId, results, emails, now);
  yield* destroyAll(args, accountId, results, emails);
  yield* onSuccess(call, args, emails, onSuccessUpdateEmail, onSuccessDestroyEmail);
  const newState = yield* ask("account.state", { accountId });
  return results.response(args, printState(oldState), printState(newState));
}

function* submit(
  call: Call,
  args: SetArguments,
  object: JsonObject,
  now: number,
): Program<{ readonly told: JsonObject & { readonly id: string }; readonly emailId: string }> {
  const { accountId } = call.context.user;
  const { identityId, envelope = null } = object;
  const unknown = Object.keys(object).filter((name) => !["identityId", "emailId", "envelope"].includes(name));
  if (unknown.length > 0) throw invalidProperties(unknown, "the server sets them");
  const identity = (yield* allIdentities(call, args.account.name)).find(({ id }) => id === identityId);
  if (!identity) throw invalidProperties(["identityId"], "there is no such identity");
  const emailId = typeof object["emailId"] === "string" ? call.resolve(object["emailId"]) as EmailId : null;
  const [email] = emailId === null
    ? []
    : yield* ask("email.objects", { accountId, emailIds: [emailId], fields: ["envelope"] });
  if (!email) throw invalidProperties(["emailId"], "there is no such email");
  const author = headerSender(email.envelope!);
  const isOwn = author !== null && (yield* ask("address.owned", { accountId, address: author }));
  const said = envelope ?? envelopeFromHeader(email.envelope!, identity.email, isOwn);
  const read = readEnvelope(said, now);
  if (
    !(yield* ask("address.owned", { accountId, address: read.sender.reversePath })) && read.sender.reversePath !== ""
  ) {
    throw new SetError("forbiddenMailFrom", "this is no address of the account");
  }
  const answer = yield* ask("mail.submit", {
    accountId,
    sender: { ...read.sender, size: email.blobSize },
    recipients: read.recipients,
    blobId: email.blobId,
    holdUntil: read.holdUntil,
  });
  if ("refused" in answer) throw refusal(answer.refused);
  const sendAt = read.holdUntil ?? now;
  const submission: Submission = {
    identityId: identity.id,
    emailId: email.emailId,
    threadId: email.threadId,
    envelope: read.printed,
    sendAt,
    traceId: answer.accepted,
  };
  const kept = yield* ask("object.set", { accountId, kind: "submission", create: [JSON.stringify(submission)] });
  const id = "refused" in kept ? null : kept.created[0] ?? null;
  // It is sent, whether it can be remembered or not.
  const told = {
    id: id ?? `s-${answer.accepted.replaceAll(".", "-")}`,
    threadId: email.threadId,
    sendAt: printDate(sendAt),
    undoStatus: sendAt > now ? "pending" : "final",
    ...(envelope === null && { envelope: read.printed }),
  };
  return { told, emailId: email.emailId };
}

/** What submission says no to, in JMAP's words. */
function refusal({ code, enhanced, text }: Refusal): SetError {
  const description = `${code} ${enhanced} ${text}`;
  if (enhanced === "5.7.1") return new SetError("forbiddenFrom", description);
  if (enhanced.endsWith(".3.4")) return new SetError("tooLarge", description);
  if (enhanced.startsWith("5.1.")) return new SetError("invalidRecipients", description, { invalidRecipients: [] });
  if (code >= 500) return new SetError("forbiddenToSend", description);
  return new SetError("rateLimit", description);
}

/** Only `undoStatus` may change, from pending to canceled. */
function* updateAll(
  args: SetArguments,
  accountId: Call["context"]["user"]["accountId"],
  results: SetResults,
  emails: Map<string, string>,
  now: number,
): Program<void> {
  for (const [id, patch] of args.update) {
    try {
      const { whole, within } = readPatch(patch);
      const others = [...whole.keys(), ...within.keys()].filter((property) => property !== "undoStatus");
      if (others.length > 0 || within.size > 0) throw invalidProperties(others, "it cannot change");
      const { objects } = yield* ask("object.list", { accountId, kind: "submission", ids: [id] });
      const object = objects[0];
      if (!object) throw new SetError("notFound");
      const submission = readSubmission(object);
      emails.set(id, submission.emailId);
      const wanted = whole.get("undoStatus");
      if (wanted === undefined || (wanted === "canceled" && submission.isCanceled)) {
        results.updated(id);
        continue;
      }
      if (wanted !== "canceled") throw invalidProperties(["undoStatus"]);
      const rows = yield* pendingRows(submission, now);
      if (rows.length === 0) throw new SetError("cannotUnsend", "it is on its way");
      const ids: QueueId[] = rows.map(({ queueId }) => queueId);
      const { changed } = yield* ask("queue.change", { ids, now, change: "remove", by: "its sender" });
      if (changed < rows.length) throw new SetError("cannotUnsend", "it is on its way to some");
      const value = JSON.stringify({ ...submission, isCanceled: true });
      yield* ask("object.set", { accountId, kind: "submission", update: [{ objectId: id, value }] });
      results.updated(id);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
}

/** RFC 8621 section 7.5: to destroy one does not change whether the message is sent. */
function* destroyAll(
  args: SetArguments,
  accountId: Call["context"]["user"]["accountId"],
  results: SetResults,
  emails: Map<string, string>,
): Program<void> {
  if (args.destroy.length === 0) return;
  const { objects } = yield* ask("object.list", { accountId, kind: "submission", ids: args.destroy });
  for (const object of objects) emails.set(object.objectId, readSubmission(object).emailId);
  const answer = yield* ask("object.set", { accountId, kind: "submission", destroy: args.destroy });
  for (const [i, id] of args.destroy.entries()) {
    if ("refused" in answer || !answer.destroyed[i]) results.notDestroyed(id, new SetError("notFound"));
    else results.destroyed(id);
  }
}

/** What is to become of the emails of those that went well: an Email/set of its own, with its own response. */
function* onSuccess(
  call: Call,
  args: SetArguments,
  emails: ReadonlyMap<string, string>,
  updates: JsonObject | null,
  destroys: readonly string[] | null,
): Program<void> {
  const update: Record<string, Json> = {};
  for (const [id, patch] of Object.entries(updates ?? {})) {
    const emailId = emails.get(call.resolve(id));
    if (emailId !== undefined && isObject(patch)) update[emailId] = patch;
  }
  const destroy = (destroys ?? []).flatMap((id) => emails.get(call.resolve(id)) ?? []);
  if (Object.keys(update).length + destroy.length === 0) return;
  const inner = new Call(call.context, "Email/set", { accountId: args.account.accountId, update, destroy });
  call.also.push(["Email/set", yield* emailSet(inner)]);
}
