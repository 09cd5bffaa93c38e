/**
 * Commits that are larger than Deno KV takes. What is to be written is put down first, in pieces that nobody looks at.
 * One small commit then makes it true: it changes the generations of all scopes that it is about, and says in them that
 * something is still to be done. Whoever meets that does it before he reads: this process, or another after a crash.
 * Each step is checked against the entry that orders it, so nobody does late what somebody else has done.
 */
import { serialize } from "node:v8";
import { type Check, COMMIT_WEIGHT, type Database, MUTATIONS } from "./database.ts";
import { generationKey, type Part } from "./keys.ts";
import { joinParts, type Mutation, PIECE, weighKey } from "./values.ts";

const REDO = "redo";
/** How old a piece must be that no commit ordered. */
const ABANDONED_MS = 86_400_000;

/** What a generation key has. */
export interface Generation {
  /** The commit that wrote it last. */
  readonly commit: string;
  /** It is not done yet. */
  readonly redo: boolean;
}

interface Order {
  /** Pieces of each step. */
  readonly steps: readonly number[];
  readonly scopes: readonly string[];
}

/** Writes it all, or nothing: null where a check failed. `commit` begins with the time. */
export async function commitLarge(
  database: Database,
  commit: string,
  checks: readonly Check[],
  scopes: readonly string[],
  mutations: readonly Mutation[],
): Promise<string | null> {
  const steps: number[] = [];
  const pieces: Mutation[] = [];
  for (const step of stepsOf(mutations)) {
    const octets = new Uint8Array(serialize(step.map(({ key, value }) => [key, value])));
    const first = pieces.length;
    for (let at = 0; at < octets.length; at += PIECE) {
      const key = [REDO, commit, steps.length, pieces.length - first];
      const value = octets.slice(at, at + PIECE);
      pieces.push({ key, value, weight: value.length + 20 + weighKey(key) });
    }
    steps.push(pieces.length - first);
  }
  await database.write(pieces);
  const generation: Generation = { commit, redo: true };
  const orders: Mutation[] = scopes.map((scope) => ({ key: generationKey(scope), value: generation, weight: 100 }));
  const order: Order = { steps, scopes };
  const version = await database.commit(checks, [...orders, { key: [REDO, commit], value: order, weight: 100 }]);
  if (version === null) await database.write(removals(commit, steps));
  else await finish(database, commit);
  return version;
}

/** Does what was ordered, as far as nobody has. */
export async function finish(database: Database, commit: string): Promise<void> {
  const [entry] = await database.getAll([[REDO, commit]]);
  if (!entry || entry.value === null) return;
  const { steps, scopes } = entry.value as Order;
  const check: Check = { key: [REDO, commit], versionstamp: entry.versionstamp };
  for (const [step, count] of steps.entries()) {
    const keys = Array.from({ length: count }, (_, piece): readonly Part[] => [REDO, commit, step, piece]);
    const pieces = await database.getAll(keys);
    // Taken away by whoever was faster.
    if (pieces.some(({ value }) => value === null)) return;
    const writes = joinParts(pieces.map(({ value }) => value as Uint8Array)) as [Part[], unknown][];
    const mutations = writes.map(([key, value]) => ({ key, value, weight: 0 }));
    if (await database.commit([check], mutations) === null) return;
  }
  const generation: Generation = { commit, redo: false };
  const done: Mutation[] = scopes.map((scope) => ({ key: generationKey(scope), value: generation, weight: 100 }));
  if (await database.commit([check], [...done, { key: [REDO, commit], weight: 0 }]) === null) return;
  await database.write(removals(commit, steps));
}

/** Takes away pieces that were put down for a commit that never came. */
export async function sweepRedo(database: Database, now: number): Promise<void> {
  const pieces = await database.list({ prefix: [REDO] }, 2000);
  const orders = new Set(pieces.filter(({ key }) => key.length === 2).map(({ key }) => String(key[1])));
  const old = pieces.filter(({ key }) =>
    key.length > 2 && !orders.has(String(key[1])) && parseInt(String(key[1]), 36) < now - ABANDONED_MS
  );
  await database.write(old.map(({ key }) => ({ key: key as Part[], weight: 100 })));
}

function removals(commit: string, steps: readonly number[]): Mutation[] {
  return steps.flatMap((count, step) =>
    Array.from({ length: count }, (_, piece) => ({ key: [REDO, commit, step, piece], weight: 100 }))
  );
}

/** Half of what a commit takes, for a step is written down as well as done. */
function* stepsOf(mutations: readonly Mutation[]): Generator<Mutation[]> {
  let step: Mutation[] = [];
  let weight = 0;
  for (const mutation of mutations) {
    if (step.length > 0 && (step.length >= MUTATIONS / 2 || weight + mutation.weight > COMMIT_WEIGHT / 2)) {
      yield step;
      step = [];
      weight = 0;
    }
    step.push(mutation);
    weight += mutation.weight;
  }
  if (step.length > 0) yield step;
}
