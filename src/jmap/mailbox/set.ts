import { ask, type MailboxId, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { afterCreates, readSet, type SetArguments, SetResults, unsaid } from "../standard/set.ts";
import { printState } from "../state.ts";
import { printMailbox } from "./properties.ts";
import { updateMailboxes } from "./update.ts";
import { readNew, setError } from "./values.ts";

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
  const { update, destroy } = afterCreates(call, args);
  yield* updateMailboxes(call, { ...args, update, destroy }, results);
  yield* destroyAll(call, args, destroy, emails, results);
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
        const values = readNew(call, args.account, mailbox);
        const made = yield* ask("mailbox.make", { ...call.whose(args.account), ...values });
        if ("refused" in made) throw setError(made, values);
        results.created(creationId, { ...unsaid(printMailbox(made, undefined), mailbox), id: made.mailboxId });
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

/** Children before their parents, whatever order they came in. */
function* destroyAll(
  call: Call,
  args: SetArguments,
  destroy: readonly string[],
  emails: boolean,
  results: SetResults,
): Program<void> {
  let waiting = [...destroy];
  for (let before = Infinity; waiting.length > 0 && waiting.length < before;) {
    before = waiting.length;
    const left: string[] = [];
    for (const id of waiting) {
      const mailboxId = id as MailboxId;
      const answer = yield* ask("mailbox.destroy", { ...call.whose(args.account), mailboxId, emails });
      if (!("refused" in answer)) results.destroyed(id);
      else if (answer.refused === "hasChildren") left.push(id);
      else results.notDestroyed(id, setError(answer));
    }
    waiting = left;
  }
  for (const id of waiting) results.notDestroyed(id, new SetError("mailboxHasChild"));
}
