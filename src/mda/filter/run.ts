/** Runs all scripts that have a say over one message for one account. Decides; `actions.ts` says what is to be written. */
import { ask, type DeliverySettings, OpFailed, type Program } from "../../contract/mod.ts";
import {
  type NamedScript,
  runSieveSequence,
  type SieveAction,
  type SieveFacts,
  type SieveLimits,
  sievePlace,
  type SieveResult,
  type SieveStep,
  type SieveWorld,
} from "../../sieve/mod.ts";
import { filterFacts, type FilterOwner } from "./facts.ts";
import type { FilterMessage } from "./message.ts";
import type { FilterPolicy, FilterRequest, PolicyScript } from "./policy.ts";
import { accountScript, around, mayAnswer, stepsOf } from "./scripts.ts";
import { type Repeated, repeatedBefore, withSettings } from "./settings.ts";
import { vacationScript } from "./vacation.ts";
import { accountWorld } from "./world.ts";

/** What the scripts of an account came to. */
export interface Filtered {
  /** Null: no script has a say. */
  readonly result: SieveResult | null;
  readonly settings: DeliverySettings;
  /** Why a script did not run to its end, or not at all; for the owner. */
  readonly troubles: readonly string[];
  /** Whether the account had it before; null: nobody asks. */
  readonly repeated: Repeated | null;
}

/** The name by which journals and logs know the script of the settings. */
export const VACATION_NAME = "vacation settings";

/** Runs what the account has, between what the server has. */
export function* filterMail(
  owner: FilterOwner,
  message: FilterMessage,
  request: FilterRequest,
  remembered: ReadonlySet<string>,
): Program<Filtered> {
  const { policy } = request;
  const { script, settings } = yield* ask("delivery.read", { accountId: owner.accountId });
  const repeated = yield* repeatedBefore(owner, message, settings, remembered);
  if (repeated?.before) return { result: null, settings, troubles: [], repeated };
  const troubles: string[] = [];
  const own = script === null ? null : compiled(script.name, script.content, policy, troubles);
  const scripts = around(own ? [own] : [], owner.account, policy);
  const text = vacationScript(settings.vacation, owner.now);
  const vacation = text === null ? null : compiled(VACATION_NAME, text, policy, troubles);
  if (scripts.length === 0 && vacation === null) {
    return { result: withSettings(null, settings, owner), settings, troubles, repeated };
  }
  const facts = yield* filterFacts(owner, message, request, vacation !== null || mayAnswer(scripts));
  const world = accountWorld({ ...owner, settings, remembered }, message.blobId, policy);
  const result = yield* runSafely(stepsOf(scripts, owner, facts, world, policy), facts, world, policy.limits);
  for (const failure of result.failures) troubles.push(`A script failed (${sievePlace(failure)}): ${failure.message}.`);
  const answers = vacation !== null && "script" in vacation;
  const answered = answers ? yield* withVacation(result, vacation, facts, world, policy) : result;
  return { result: withSettings(answered, settings, owner), settings, troubles, repeated };
}

function compiled(name: string, text: string, policy: FilterPolicy, troubles: string[]): PolicyScript | null {
  const found = accountScript(name, text, policy);
  if ("script" in found) return found.script;
  troubles.push(`The script "${name}" cannot run: ${found.wrong}`);
  return null;
}

/** A fault of ours must not cost anybody a message: it is kept, as after any other failure of a script. */
export function* runSafely(
  scripts: readonly SieveStep[],
  facts: SieveFacts,
  world: SieveWorld,
  limits: SieveLimits,
): Program<SieveResult> {
  try {
    return yield* runSieveSequence(scripts, facts, world, limits);
  } catch (error) {
    if (error instanceof OpFailed) throw error;
    const kept: SieveResult = yield* runSieveSequence([], facts, world, limits);
    const script = scripts.map(({ name }) => name).join(", ");
    return { ...kept, failures: [{ script, line: 0, message: `an error of this server (${String(error)})` }] };
  }
}

/** The settings' answer stands beside whatever the scripts say, unless they answer or refuse, or want nothing of it. */
function* withVacation(
  result: SieveResult,
  vacation: NamedScript,
  facts: SieveFacts,
  world: SieveWorld,
  policy: FilterPolicy,
): Program<SieveResult> {
  const kinds = new Set(result.actions.map(({ kind }) => kind));
  const unwanted = [...kinds].every((kind) => kind === "discard");
  if (unwanted || kinds.has("vacation") || kinds.has("reject")) return result;
  const said = yield* runSafely([vacation], facts, world, policy.limits);
  const answers = said.actions.filter((action: SieveAction) => action.kind === "vacation");
  return {
    ...result,
    actions: [...result.actions, ...answers],
    remember: [...result.remember, ...said.remember],
    log: [...result.log, ...said.log.filter(({ kind }) => kind !== "action" || answers.length > 0)],
    failures: [...result.failures, ...said.failures],
  };
}
