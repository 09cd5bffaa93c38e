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
  scripts: readonly NamedScript[],
  facts: SieveFacts,
  world: SieveWorld,
  limits: SieveLimits = SIEVE_LIMITS,
): Program<SieveResult> {
  const run = new Run(facts, world, limits);
  for (const [index, { name, script }] of scripts.entries()) {
    if (index > 0 && !deferKeep(run)) break;
    yield* runOne(run, name, script);
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
