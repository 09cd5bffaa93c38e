import {
  ask,
  type EmailId,
  type EmailSetRefused,
  type EmailUpdate,
  type MailboxId,
  type NewEmail,
  type Program,
  type SetPatch,
} from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { parseJmapDate } from "../date.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { readPatch, readSet, type SetArguments, SetResults } from "../standard/set.ts";
import { printState } from "../state.ts";
import { composeEmail } from "./compose.ts";
import { flagOf } from "./keywords.ts";

const KEYWORDS = 100;

/** Email/set (RFC 8621 section 4.6). */
export function* emailSet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  call.done();
  const results = new SetResults(call);
  const now = yield* ask("clock.now", {});
  const { created, creates } = yield* composeAll(call, args, results, now);
  const updates = readUpdates(call, args, results);
  const answer = yield* ask("email.set", {
    ...call.whose(args.account),
    ifState: args.ifState,
    create: creates,
    update: updates,
    destroy: args.destroy as EmailId[],
    now,
  });
  if ("refused" in answer) throw new MethodError("stateMismatch");
  for (const [i, one] of answer.created.entries()) {
    const creationId = created[i]!;
    if ("refused" in one) results.notCreated(creationId, setError(one));
    else results.created(creationId, { id: one.emailId, blobId: one.emailId, threadId: one.threadId, size: one.size });
  }
  for (const [i, one] of answer.updated.entries()) {
    const { emailId } = updates[i]!;
    if ("refused" in one) results.notUpdated(emailId, setError(one));
    else results.updated(emailId);
  }
  for (const [i, one] of answer.destroyed.entries()) {
    const id = args.destroy[i]!;
    if ("refused" in one) results.notDestroyed(id, setError(one));
    else results.destroyed(id);
  }
  return results.response(args, printState(answer.oldState), printState(answer.newState));
}

/** What a refusal of the store is to a client. */
export function setError({ refused }: EmailSetRefused): SetError {
  switch (refused) {
    case "notFound":
      return new SetError("notFound");
    case "noPermission":
      return new SetError("forbidden", "the rights in its mailboxes do not allow it");
    case "badMailbox":
      return invalidProperties(["mailboxIds"], "there is no such mailbox");
    case "noMailbox":
      return invalidProperties(["mailboxIds"], "an email is in at least one mailbox");
    case "overQuota":
      return new SetError("overQuota");
    case "blobNotFound":
      return new SetError("blobNotFound");
  }
}

function* composeAll(
  call: Call,
  args: SetArguments,
  results: SetResults,
  now: number,
): Program<{ readonly created: readonly string[]; readonly creates: readonly NewEmail[] }> {
  const created: string[] = [];
  const creates: NewEmail[] = [];
  const domain = args.account.name.slice(args.account.name.lastIndexOf("@") + 1);
  for (const [creationId, email] of args.create) {
    try {
      const { mailboxIds, flags, internalDate } = readPlace(call, email, now);
      const random = yield* ask("text.random", {});
      const parts = yield* composeEmail(call.whose(args.account), email, { now, random, domain });
      const body = yield* ask("body.make", { parts });
      if ("refused" in body) throw new SetError("overQuota", "the server has no room");
      creates.push({ blobId: body.blobId, mailboxIds, flags, internalDate });
      created.push(creationId);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notCreated(creationId, error);
    }
  }
  return { created, creates };
}

/** Where a new email goes and how it is marked: the same for Email/set, import and copy. Throws `SetError`. */
export function readPlace(call: Call, email: JsonObject, now: number): Omit<NewEmail, "blobId"> {
  const { mailboxIds = null, keywords = null, receivedAt = null } = email;
  const mailboxes = readSetOf(mailboxIds, "mailboxIds").map((id) => call.resolve(id) as MailboxId);
  const flags = readSetOf(keywords ?? {}, "keywords").map((keyword) => flag(keyword));
  if (flags.length > KEYWORDS) throw new SetError("tooManyKeywords");
  const internalDate = receivedAt === null ? now : typeof receivedAt === "string" ? parseJmapDate(receivedAt) : null;
  if (internalDate === null) throw invalidProperties(["receivedAt"]);
  return { mailboxIds: mailboxes, flags, internalDate };
}

function flag(keyword: string): string {
  const found = flagOf(keyword);
  if (found === null) throw invalidProperties([`keywords/${keyword.slice(0, 60)}`], "this is no keyword");
  return found;
}

/** The names of an object whose values are all true. */
function readSetOf(value: Json, property: string): readonly string[] {
  if (!isObject(value) || Object.values(value).some((one) => one !== true)) {
    throw invalidProperties([property], "must be an object whose values are true");
  }
  return Object.keys(value);
}

function readUpdates(call: Call, args: SetArguments, results: SetResults): readonly EmailUpdate[] {
  const updates: EmailUpdate[] = [];
  for (const [id, patch] of args.update) {
    try {
      if (args.destroy.includes(id)) throw new SetError("willDestroy");
      updates.push(readUpdate(call, id as EmailId, patch));
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
  return updates;
}

function readUpdate(call: Call, emailId: EmailId, patch: JsonObject): EmailUpdate {
  const { whole, within } = readPatch(patch);
  for (const property of [...whole.keys(), ...within.keys()]) {
    if (property !== "keywords" && property !== "mailboxIds") {
      throw invalidProperties([property], "only keywords and mailboxIds can change");
    }
  }
  const flags = readChange(whole.get("keywords"), within.get("keywords"), "keywords", flag);
  const mailboxIds = readChange(
    whole.get("mailboxIds"),
    within.get("mailboxIds"),
    "mailboxIds",
    (id) => call.resolve(id) as MailboxId,
  );
  return { emailId, ...(flags && { flags }), ...(mailboxIds && { mailboxIds }) };
}

function readChange<T>(
  whole: Json | undefined,
  within: ReadonlyMap<string, Json> | undefined,
  property: string,
  read: (name: string) => T,
): SetPatch<T> | null {
  // RFC 8620 section 5.3: null is the default, which for keywords is none.
  if (whole !== undefined) return { replace: readSetOf(whole ?? {}, property).map(read) };
  if (!within) return null;
  const add: T[] = [];
  const remove: T[] = [];
  for (const [name, value] of within) {
    if (value === true) add.push(read(name));
    else if (value === null) remove.push(read(name));
    else throw invalidProperties([`${property}/${name.slice(0, 60)}`], "must be true or null");
  }
  return { add, remove };
}
