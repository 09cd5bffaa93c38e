/** Runs all scripts that have a say over one message for one account. Decides; `actions.ts` says what is to be written. */
import { ask, type DeliverySettings, OpFailed, type Program } from "../../contract/mod.ts";
import {
  formatSieveError,
  type NamedScript,
  runSieveSequence,
  type SieveAction,
  type SieveFacts,
  type SieveLimits,
  type SieveResult,
  type SieveWorld,
} from "../../sieve/mod.ts";
import { filterFacts, type FilterOwner } from "./facts.ts";
import type { FilterMessage } from "./message.ts";
import type { FilterPolicy, FilterRequest } from "./policy.ts";
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
  const domain = owner.account.slice(owner.account.lastIndexOf("@") + 1);
  const scripts = [
    ...policy.before,
    ...policy.domains.get(domain) ?? [],
    ...(own ? [own] : []),
    ...policy.after,
  ];
  const text = vacationScript(settings.vacation, owner.now);
  const vacation = text === null ? null : compiled(VACATION_NAME, text, policy, troubles);
  if (scripts.length === 0 && vacation === null) {
    return { result: withSettings(null, settings, owner), settings, troubles, repeated };
  }
  const answers = vacation !== null || scripts.some(({ script: { extensions } }) => extensions.has("vacation"));
  const facts = yield* filterFacts(owner, message, request, answers);
  const world = accountWorld({ ...owner, settings, remembered }, message.blobId, policy);
  const result = yield* runSafely(scripts, facts, world, policy.limits);
  for (const { script: name, line, message: why } of result.failures) {
    troubles.push(`The script "${name}" failed at line ${line}: ${why}.`);
  }
  const answered = vacation ? yield* withVacation(result, vacation, facts, world, policy) : result;
  return { result: withSettings(answered, settings, owner), settings, troubles, repeated };
}

function compiled(name: string, text: string, policy: FilterPolicy, troubles: string[]): NamedScript | null {
  const parsed = policy.scripts.get(text);
  if ("script" in parsed) return { name, script: parsed.script };
  const first = parsed.errors[0];
  const more = parsed.errors.length > 1 ? ` (and ${parsed.errors.length - 1} more)` : "";
  troubles.push(`The script "${name}" cannot run: ${first ? formatSieveError(first) : "it is wrong"}${more}`);
  return null;
}

/** A fault of ours must not cost anybody a message: it is kept, as after any other failure of a script. */
export function* runSafely(
  scripts: readonly NamedScript[],
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
