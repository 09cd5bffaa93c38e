import {
  ask,
  type MailboxId,
  type MailboxPatch,
  type MailboxRole,
  type MailboxSetRefused,
  type Program,
} from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import { readPatch, readSet, type SetArguments, SetResults } from "../standard/set.ts";
import { printState } from "../state.ts";

const ROLES: ReadonlySet<string> = new Set(["inbox", "drafts", "sent", "trash", "junk", "archive"]);
const SET_BY_SERVER = new Set([
  "id",
  "totalEmails",
  "unreadEmails",
  "totalThreads",
  "unreadThreads",
  "myRights",
]);

/** Mailbox/set (RFC 8621 section 2.5). Each mailbox is a transaction of its own. */
export function* mailboxSet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  const emails = call.boolean("onDestroyRemoveEmails", false);
  call.done();
  const whose = call.whose(args.account);
  const oldState = yield* ask("account.state", whose);
  if (args.ifState !== null && args.ifState !== oldState) throw new MethodError("stateMismatch");
  const results = new SetResults(call);
  yield* createAll(call, args, results);
  for (const [id, patch] of args.update) {
    try {
      if (args.destroy.includes(id)) throw new SetError("willDestroy");
      const mailboxId = id as MailboxId;
      const answer = yield* ask("mailbox.update", { ...whose, mailboxId, patch: readUpdate(call, patch) });
      if ("refused" in answer) throw setError(answer);
      results.updated(id);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
  // Children before their parents, whatever order they came in.
  let waiting = [...args.destroy];
  for (let before = Infinity; waiting.length > 0 && waiting.length < before;) {
    before = waiting.length;
    const left: string[] = [];
    for (const id of waiting) {
      const answer = yield* ask("mailbox.destroy", { ...whose, mailboxId: id as MailboxId, emails });
      if (!("refused" in answer)) results.destroyed(id);
      else if (answer.refused === "hasChildren") left.push(id);
      else results.notDestroyed(id, setError(answer));
    }
    waiting = left;
  }
  for (const id of waiting) results.notDestroyed(id, new SetError("mailboxHasChild"));
  return results.response(args, printState(oldState), printState(yield* ask("account.state", whose)));
}

/** A parent that is made in the same call comes first. */
function* createAll(call: Call, args: SetArguments, results: SetResults): Program<void> {
  const waiting = new Map(args.create);
  for (let before = Infinity; waiting.size > 0 && waiting.size < before;) {
    before = waiting.size;
    for (const [creationId, mailbox] of [...waiting]) {
      const { parentId } = mailbox;
      if (
        typeof parentId === "string" && parentId[0] === "#" && waiting.has(parentId.slice(1)) &&
        !call.context.createdIds.has(parentId.slice(1))
      ) continue;
      waiting.delete(creationId);
      try {
        const made = yield* ask("mailbox.make", { ...call.whose(args.account), ...readNew(call, mailbox) });
        if ("refused" in made) throw setError(made);
        results.created(creationId, { id: made.mailboxId, ...defaults(mailbox) });
      } catch (error) {
        if (!(error instanceof SetError)) throw error;
        results.notCreated(creationId, error);
      }
    }
  }
  for (const creationId of waiting.keys()) {
    results.notCreated(creationId, invalidProperties(["parentId"], "each is the parent of another"));
  }
}

/** What the client left out (RFC 8620 section 5.3: server-set or default values are told). */
function defaults(mailbox: JsonObject): JsonObject {
  return {
    totalEmails: 0,
    unreadEmails: 0,
    totalThreads: 0,
    unreadThreads: 0,
    ...(mailbox["sortOrder"] === undefined && { sortOrder: 0 }),
    ...(mailbox["isSubscribed"] === undefined && { isSubscribed: false }),
    ...(mailbox["role"] === undefined && { role: null }),
    ...(mailbox["parentId"] === undefined && { parentId: null }),
  };
}

function readNew(call: Call, mailbox: JsonObject) {
  const patch = readProperties(call, new Map(Object.entries(mailbox)));
  if (patch.name === undefined) throw invalidProperties(["name"], "a mailbox has a name");
  return {
    name: patch.name,
    parentId: patch.parentId ?? null,
    role: patch.role ?? null,
    sortOrder: patch.sortOrder ?? 0,
    isSubscribed: patch.isSubscribed ?? false,
  };
}

function readUpdate(call: Call, patch: JsonObject): MailboxPatch {
  const { whole, within } = readPatch(patch);
  const [inside] = within.keys();
  if (inside !== undefined) throw new SetError("invalidPatch", "there is nothing to change within a property");
  return readProperties(call, whole);
}

function readProperties(call: Call, values: ReadonlyMap<string, Json>): MailboxPatch {
  const patch: { -readonly [K in keyof MailboxPatch]: MailboxPatch[K] } = {};
  for (const [property, value] of values) {
    const wrong = (): SetError => invalidProperties([property]);
    switch (property) {
      case "name":
        if (typeof value !== "string") throw wrong();
        patch.name = value;
        break;
      case "parentId":
        if (value !== null && typeof value !== "string") throw wrong();
        patch.parentId = value === null ? null : call.resolve(value) as MailboxId;
        break;
      case "role":
        if (value !== null && !(typeof value === "string" && ROLES.has(value))) throw wrong();
        patch.role = value as MailboxRole | null;
        break;
      case "sortOrder":
        if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value >= 2 ** 31) throw wrong();
        patch.sortOrder = value;
        break;
      case "isSubscribed":
        if (typeof value !== "boolean") throw wrong();
        patch.isSubscribed = value;
        break;
      default:
        throw invalidProperties(
          [property],
          SET_BY_SERVER.has(property) ? "the server sets it" : "there is no such property",
        );
    }
  }
  return patch;
}

function setError({ refused }: MailboxSetRefused): SetError {
  switch (refused) {
    case "notFound":
      return new SetError("notFound");
    case "noPermission":
      return new SetError("forbidden");
    case "exists":
      return new SetError("alreadyExists", "there is a mailbox of this name");
    case "invalidName":
      return invalidProperties(["name"], "this cannot be a name: no control characters, no /, at most 255 octets");
    case "tooDeep":
      return invalidProperties(["parentId"], "mailboxes nest 50 deep at most");
    case "badParent":
      return invalidProperties(["parentId"], "there is no such mailbox to be in");
    case "roleTaken":
      return invalidProperties(["role"], "another mailbox has this role");
    case "isInbox":
      return new SetError("forbidden", "the inbox stays as it is");
    case "hasChildren":
      return new SetError("mailboxHasChild");
    case "hasEmails":
      return new SetError("mailboxHasEmail");
  }
}
