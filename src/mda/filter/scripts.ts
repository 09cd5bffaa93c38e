/** The scripts that have a say over a message, whichever language they are in. */
import { isFilterName } from "../../contract/mod.ts";
import { formatSieveError, type SieveFacts, type SieveStep, type SieveWorld } from "../../sieve/mod.ts";
import type { WorldOwner } from "./world.ts";
import type { FilterPolicy, PolicyScript } from "./policy.ts";
import { typedStep } from "./typed.ts";

/** A script of an account that can run, or why it cannot: as the end of a sentence. */
export function accountScript(
  name: string,
  content: string,
  policy: FilterPolicy,
): { readonly script: PolicyScript } | { readonly wrong: string } {
  if (isFilterName(name)) {
    return policy.typed
      ? { script: { name, source: content, shared: false } }
      : { wrong: "filters in TypeScript are not allowed here" };
  }
  const parsed = policy.scripts.get(content);
  if ("script" in parsed) return { script: { name, script: parsed.script } };
  const first = parsed.errors[0];
  const more = parsed.errors.length > 1 ? ` (and ${parsed.errors.length - 1} more)` : "";
  return { wrong: `${first ? formatSieveError(first) : "it is wrong"}${more}` };
}

/** What runs for an account: the server's before, its domain's, its own, the server's after. */
export function around(own: readonly PolicyScript[], account: string, policy: FilterPolicy): readonly PolicyScript[] {
  const domain = account.slice(account.lastIndexOf("@") + 1);
  return [...policy.before, ...policy.domains.get(domain) ?? [], ...own, ...policy.after];
}

/** Whether one of them may want to answer, so that it must be known which addresses are the account's. */
export function mayAnswer(scripts: readonly PolicyScript[]): boolean {
  return scripts.some((one) => "source" in one || one.script.extensions.has("vacation"));
}

/** As steps of a sequence over one message. */
export function stepsOf(
  scripts: readonly PolicyScript[],
  owner: Pick<WorldOwner, "accountId">,
  facts: SieveFacts,
  world: SieveWorld,
  policy: FilterPolicy,
): readonly SieveStep[] {
  return scripts.map((one) => "source" in one ? typedStep(one, owner.accountId, facts, world, policy.limits) : one);
}
