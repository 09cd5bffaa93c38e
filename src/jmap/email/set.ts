import { ask, type EmailId, type EmailUpdate, type NewEmail, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { afterCreates, readSet, type SetArguments, SetResults } from "../standard/set.ts";
import { printState } from "../state.ts";
import { composeEmail } from "./compose.ts";
import { isCreateProperty } from "./header_write.ts";
import { printNew, readPlace, setError } from "./place.ts";
import { readUpdates } from "./update.ts";

/** Email/set (RFC 8621 section 4.6): one transaction, or two where an email is made and changed by its creation id. */
export function* emailSet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  call.done();
  const results = new SetResults(call);
  const now = yield* ask("clock.now", {});
  const { created, creates } = yield* composeAll(call, args, results, now);
  const isTwice = [...args.update.keys(), ...args.destroy].some((id) => id[0] === "#" && args.create.has(id.slice(1)));
  const first = isTwice ? yield* perform(call, args, created, creates, now, results, null) : null;
  const later = afterCreates(call, args);
  const updates = yield* readUpdates(call, args.account, later, results);
  const rest = { updates, destroy: later.destroy as readonly EmailId[] };
  if (first) {
    const { newState } = yield* perform(call, { ...args, ifState: null }, [], [], now, results, rest);
    return results.response(args, printState(first.oldState), printState(newState));
  }
  const { oldState, newState } = yield* perform(call, args, created, creates, now, results, rest);
  return results.response(args, printState(oldState), printState(newState));
}

/** Asks for it, and tells what became of each. */
function* perform(
  call: Call,
  { account, ifState }: SetArguments,
  created: readonly string[],
  create: readonly NewEmail[],
  now: number,
  results: SetResults,
  rest: { readonly updates: readonly EmailUpdate[]; readonly destroy: readonly EmailId[] } | null,
) {
  const { updates: update = [], destroy = [] } = rest ?? {};
  const answer = yield* ask("email.set", { ...call.whose(account), ifState, create, update, destroy, now });
  if ("refused" in answer) throw new MethodError("stateMismatch");
  for (const [i, one] of answer.created.entries()) {
    if ("refused" in one) results.notCreated(created[i]!, setError(one));
    else results.created(created[i]!, printNew(one));
  }
  for (const [i, one] of answer.updated.entries()) {
    const { emailId } = update[i]!;
    if ("refused" in one) results.notUpdated(emailId, setError(one));
    else results.updated(emailId);
  }
  for (const [i, one] of answer.destroyed.entries()) {
    if ("refused" in one) results.notDestroyed(destroy[i]!, setError(one));
    else results.destroyed(destroy[i]!);
  }
  return answer;
}

function* composeAll(
  call: Call,
  args: SetArguments,
  results: SetResults,
  now: number,
): Program<{ readonly created: readonly string[]; readonly creates: readonly NewEmail[] }> {
  const created: string[] = [];
  const creates: NewEmail[] = [];
  for (const [creationId, email] of args.create) {
    try {
      creates.push(yield* compose(call, args, email, now));
      created.push(creationId);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notCreated(creationId, error);
    }
  }
  return { created, creates };
}

/** RFC 8620 section 5.3: all properties that are wrong are told, as far as one does not hide another. */
function* compose(call: Call, args: SetArguments, email: JsonObject, now: number): Program<NewEmail> {
  const bad = Object.keys(email).filter((property) => !isCreateProperty(property));
  const place = readPlace(call, email, now, bad);
  const domain = args.account.name.slice(args.account.name.lastIndexOf("@") + 1);
  const facts = {
    now,
    random: yield* ask("text.random", {}),
    domain,
    attachments: call.context.limits.maxSizeUpload,
  };
  const parts = yield* composeEmail(call.whose(args.account), email, facts, bad);
  if (bad.length > 0 || !parts) throw invalidProperties([...new Set(bad)]);
  const body = yield* ask("body.make", { parts });
  if ("refused" in body) throw new SetError("overQuota", "the server has no room");
  return { ...place, blobId: body.blobId };
}
