/** Changes of mailboxes (RFC 8620 section 5.3): in an order in which they can be done, names and roles exchanged too. */
import { ask, type MailboxId, type MailboxPatch, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { SetError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import { readPatch, type SetArguments, type SetResults, withoutUnchanged } from "../standard/set.ts";
import { printMailbox } from "./properties.ts";
import { readValues, SET_BY_SERVER, setError } from "./values.ts";

interface Waiting {
  readonly id: string;
  readonly patch: MailboxPatch;
}

export function* updateMailboxes(call: Call, args: SetArguments, results: SetResults): Program<void> {
  if (args.update.size === 0) return;
  const current = yield* printed(call, args);
  let waiting: Waiting[] = [];
  for (const [id, patch] of args.update) {
    try {
      if (args.destroy.includes(id)) throw new SetError("willDestroy");
      const before = current.get(id);
      if (!before) throw new SetError("notFound");
      waiting.push({ id, patch: readUpdate(call, args, patch, before) });
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
  waiting = yield* inAnyOrder(call, args, waiting, results);
  if (waiting.length > 1) waiting = yield* exchanged(call, args, waiting, current, results);
  for (const { id, patch } of waiting) yield* updateOne(call, args, { id, patch }, results, true);
}

/** As a client sees them. */
function* printed(call: Call, args: SetArguments): Program<ReadonlyMap<string, JsonObject>> {
  const whose = call.whose(args.account);
  const { mailboxes } = yield* ask("mailbox.objects", whose);
  // Counts are compared only where somebody sends them back.
  const isCounted = [...args.update.values()].some((patch) =>
    Object.keys(patch).some((name) => /^(tot|unr)/.test(name))
  );
  const counts = isCounted ? (yield* ask("mailbox.counts", whose)).counts : null;
  return new Map(mailboxes.map((one) => [one.mailboxId, printMailbox(one, counts?.get(one.mailboxId))]));
}

function readUpdate(call: Call, args: SetArguments, patch: JsonObject, before: JsonObject): MailboxPatch {
  const { whole, within } = readPatch(patch);
  const [inside] = within.keys();
  if (inside !== undefined) throw new SetError("invalidPatch", "there is nothing to change within a property");
  const changed = withoutUnchanged(whole, before, (property) => SET_BY_SERVER.has(property));
  // What stays is no change: the inbox may be sent back with its name.
  const values = new Map<string, Json>([...changed].filter(([property, value]) => value !== before[property]));
  return readValues(call, args.account, values);
}

/** One waits for another that has its name or role yet; those that go on waiting are left. */
function* inAnyOrder(
  call: Call,
  args: SetArguments,
  updates: readonly Waiting[],
  results: SetResults,
): Program<Waiting[]> {
  let waiting = [...updates];
  for (let before = Infinity; waiting.length > 0 && waiting.length < before;) {
    before = waiting.length;
    const left: Waiting[] = [];
    for (const one of waiting) if (!(yield* updateOne(call, args, one, results, false))) left.push(one);
    waiting = left;
  }
  return waiting;
}

/** In a ring the first steps aside, under a name that nobody has and without a role, and comes last. */
function* exchanged(
  call: Call,
  args: SetArguments,
  [first, ...others]: readonly Waiting[],
  current: ReadonlyMap<string, JsonObject>,
  results: SetResults,
): Program<Waiting[]> {
  const { id, patch } = first!;
  const whose = call.whose(args.account);
  const { name, role, parentId } = current.get(id)!;
  const aside: MailboxPatch = {
    ...((patch.name !== undefined || patch.parentId !== undefined) && { name: yield* ask("text.random", {}) }),
    ...(patch.role !== undefined && { role: null }),
  };
  const mailboxId = id as MailboxId;
  if ("refused" in (yield* ask("mailbox.update", { ...whose, mailboxId, patch: aside }))) return [first!, ...others];
  const left = yield* inAnyOrder(call, args, others, results);
  const back = {
    name: name as string,
    parentId: parentId as MailboxId | null,
    role: role as MailboxPatch["role"] & Json,
  };
  const before: MailboxPatch = {
    ...(aside.name !== undefined && { name: back.name }),
    ...(aside.role !== undefined && { role: back.role }),
  };
  // What it is not told to be it is again.
  if (!(yield* updateOne(call, args, { id, patch: { ...before, ...patch } }, results, false))) {
    yield* ask("mailbox.update", { ...whose, mailboxId, patch: before });
    return [first!, ...left];
  }
  return left;
}

/** False: it is to wait. */
function* updateOne(
  call: Call,
  args: SetArguments,
  { id, patch }: Waiting,
  results: SetResults,
  isLast: boolean,
): Program<boolean> {
  const mailboxId = id as MailboxId;
  const answer = yield* ask("mailbox.update", { ...call.whose(args.account), mailboxId, patch });
  if (!("refused" in answer)) {
    const name = patch.name?.normalize("NFC");
    results.updated(id, name !== undefined && name !== patch.name ? { name } : null);
    return true;
  }
  const mayWait = answer.refused === "exists" || answer.refused === "roleTaken";
  if (mayWait && !isLast) return false;
  results.notUpdated(id, setError(answer, patch));
  return true;
}
