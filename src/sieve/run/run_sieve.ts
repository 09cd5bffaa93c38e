/** Running scripts over a message, one or several in sequence. */
import type { Program } from "../../contract/program.ts";
import type { SieveFacts, SieveWorld } from "../facts.ts";
import { SIEVE_LIMITS, type SieveLimits } from "../limits.ts";
import { SieveFault } from "../match/budget.ts";
import type { SieveAction, SieveResult } from "../result.ts";
import type { SieveScript } from "../script.ts";
import { storedVersion } from "./delivering.ts";
import { flagsIn } from "./flags.ts";
import { runBlock } from "./interpret.ts";
import { newScope, Run } from "./run.ts";

/** A script with the name that logs and errors call it by. */
export interface NamedScript {
  readonly name: string;
  readonly script: SieveScript;
}

/** A step of a sequence whose script is made when its turn comes: a filter that is written in another language. */
export interface MadeScript {
  readonly name: string;
  /** The script, what else there is to be said, or why there is none: then it counts as a script that failed. */
  make(): Program<
    { readonly script: SieveScript; readonly notes: readonly string[] } | { readonly failure: string }
  >;
}

/** What may stand in a sequence. */
export type SieveStep = NamedScript | MadeScript;

/**
 * Runs one script (RFC 5228). See `runSieveSequence`.
 *
 * @example A script that asks nothing of the world is done at once
 * ```ts
 * import assert from "node:assert/strict";
 * import { indexMessage } from "../../message/mod.ts";
 * import { parseSieve, runSieve, sieveSentence, sieveWorld } from "../mod.ts";
 * const message = new TextEncoder().encode("Subject: [list] hello\r\n\r\nHi\r\n");
 * const parsed = parseSieve('require "fileinto"; if header :contains "subject" "[list]" { fileinto "Lists"; }');
 * assert("script" in parsed);
 * const index = indexMessage(message);
 * const { value } = runSieve(parsed.script, {
 *   envelope: { from: "alice@example.org", to: "bob@example.net" },
 *   header: message.slice(0, index.root.bodyStart),
 *   index,
 *   now: 0,
 *   owner: { address: "bob@example.net", addresses: ["bob@example.net"] },
 *   seed: "k3v9",
 * }, sieveWorld()).next();
 * assert(value && "actions" in value);
 * assert.deepEqual(value.actions.map(sieveSentence), ['filed into "Lists" (main, line 1)']);
 * ```
 */
export function* runSieve(
  script: SieveScript,
  facts: SieveFacts,
  world: SieveWorld,
  limits: SieveLimits = SIEVE_LIMITS,
): Program<SieveResult> {
  return yield* runSieveSequence([{ name: "main", script }], facts, world, limits);
}

/**
 * Runs scripts one after the other: the server's before, the owner's, the server's after. The next one runs only
 * where the message would be kept by those before, by an explicit or the implicit keep; that keep is then up to the
 * next one. A script that fails decides nothing, its failure is told, and the next one runs. Bounds are for all.
 *
 * Failures of questions to the world (`OpFailed`) pass through: they are temporary, and nothing has been done.
 */
export function* runSieveSequence(
  scripts: readonly SieveStep[],
  facts: SieveFacts,
  world: SieveWorld,
  limits: SieveLimits = SIEVE_LIMITS,
): Program<SieveResult> {
  const run = new Run(facts, world, limits);
  for (const [index, step] of scripts.entries()) {
    if (index > 0 && !deferKeep(run)) break;
    if ("script" in step) yield* runOne(run, step.name, step.script);
    else yield* runMade(run, step);
  }
  return finish(run);
}

/** Runs a script; what it decided is dropped where it fails (RFC 5228 section 2.10.6: then the message is kept). */
function* runOne(run: Run, name: string, script: SieveScript): Program<void> {
  const before = run.decisions;
  run.scope = newScope(name, script);
  run.at = { script: name, line: 1 };
  run.part = null;
  run.view = null;
  run.included.clear();
  run.including.length = 0;
  try {
    if (run.facts.event === "imap") refuseDeliveryOnly(script);
    yield* runBlock(run, script.commands);
  } catch (error) {
    if (!(error instanceof SieveFault)) throw error;
    run.failures.push({ ...run.at, message: error.message });
    run.say("error", error.message);
    run.decisions = before;
  }
}

/** A script that was made has no lines that anybody wrote: its places are all line 0. */
function* runMade(run: Run, { name, make }: MadeScript): Program<void> {
  const before = { actions: new Set(run.decisions.actions), log: run.log.length, failures: run.failures.length };
  run.at = { script: name, line: 0 };
  const made = yield* make();
  if ("failure" in made) {
    run.failures.push({ ...run.at, message: made.failure });
    return run.say("error", made.failure);
  }
  for (const note of made.notes) run.say("note", note);
  yield* runOne(run, name, made.script);
  const at = { script: name, line: 0 };
  run.decide({
    actions: run.decisions.actions.map((action) => before.actions.has(action) ? action : { ...action, at }),
  });
  for (let i = before.log; i < run.log.length; i++) run.log[i] = { ...run.log[i]!, line: 0 };
  for (let i = before.failures; i < run.failures.length; i++) run.failures[i] = { ...run.failures[i]!, line: 0 };
}

/** RFC 6785 section 3.11: what answers a delivery has no place where there is none. */
function refuseDeliveryOnly(script: SieveScript): void {
  const wrong = ["reject", "ereject", "vacation"].find((name) => script.extensions.has(name));
  if (wrong !== undefined) throw new SieveFault(`${wrong} has no place in an event of a mailbox`);
}

/** Takes an explicit keep back for the next script to decide; false where nothing is kept. */
function deferKeep(run: Run): boolean {
  const { actions, implicitKeep, flags } = run.decisions;
  if (implicitKeep) return true;
  const keeps = actions.filter((action) => action.kind === "keep");
  if (keeps.length === 0) return false;
  run.decide({
    actions: actions.filter((action) => action.kind !== "keep"),
    implicitKeep: true,
    flags: flagsIn([...flags, ...keeps.flatMap((action) => action.flags)]),
  });
  return true;
}

/** RFC 5228 section 2.10.2: what is left to the end. */
function finish(run: Run): SieveResult {
  const { actions, implicitKeep, flags, remember } = run.decisions;
  const all: SieveAction[] = [...actions];
  if (implicitKeep) {
    all.push({ kind: "keep", implicit: true, flags, version: storedVersion(run), at: null });
    run.say("action", "keep, because nothing else was said");
  }
  return {
    actions: all,
    implicitKeep,
    versions: run.versions,
    remember,
    log: run.log,
    failures: run.failures,
    steps: Math.ceil(run.budget.used),
  };
}
