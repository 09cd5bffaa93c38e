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
  // Of another's mailboxes rights may stop a ring half way.
  while (waiting.length > 1 && args.account.isPersonal) {
    const ring = ringOf(waiting, yield* printed(call, args));
    if (ring === null) break;
    yield* exchange(call, args, ring, results);
    waiting = yield* inAnyOrder(call, args, waiting.filter((one) => !ring.includes(one)), results);
  }
  for (const one of waiting) yield* updateOne(call, args, one, results, true);
}

/** Those of which each waits for the next, and the last for the first. */
function ringOf(waiting: readonly Waiting[], current: ReadonlyMap<string, JsonObject>): readonly Waiting[] | null {
  const key = ({ parentId, name }: JsonObject | MailboxPatch) => JSON.stringify([parentId, name]);
  const names = new Map(Array.from(current, ([id, mailbox]) => [key(mailbox), id]));
  const roles = new Map(Array.from(current, ([id, mailbox]) => [mailbox["role"], id]));
  const holderOf = ({ id, patch }: Waiting): string | undefined => {
    const { parentId, name } = current.get(id) as unknown as MailboxPatch;
    const byName = patch.name !== undefined || patch.parentId !== undefined
      ? names.get(key({ parentId, name, ...patch } as MailboxPatch))
      : undefined;
    const byRole = patch.role ? roles.get(patch.role) : undefined;
    return byName !== undefined && byName !== id ? byName : byRole;
  };
  for (const first of waiting) {
    const ring = [first];
    for (let id = holderOf(first); ring.length <= waiting.length; id = holderOf(ring[ring.length - 1]!)) {
      if (id === first.id) return ring;
      const next = waiting.find((one) => one.id === id);
      if (!next) break;
      ring.push(next);
    }
  }
  return null;
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

/** The first steps aside, under a name that nobody has and without a role, and comes last. */
function* exchange(call: Call, args: SetArguments, ring: readonly Waiting[], results: SetResults): Program<void> {
  const [first, ...others] = ring;
  const { id, patch } = first!;
  const aside: MailboxPatch = {
    ...((patch.name !== undefined || patch.parentId !== undefined) && { name: yield* ask("text.random", {}) }),
    ...(patch.role !== undefined && { role: null }),
  };
  const mailboxId = id as MailboxId;
  const { name } = (yield* printed(call, args)).get(id)!;
  yield* ask("mailbox.update", { ...call.whose(args.account), mailboxId, patch: aside });
  yield* inAnyOrder(call, args, others, results);
  const stays = patch.name === undefined && aside.name !== undefined ? { name: name as string } : {};
  yield* updateOne(call, args, { id, patch: { ...stays, ...patch } }, results, true);
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
