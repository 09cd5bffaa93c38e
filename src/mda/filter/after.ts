/** What is left when the actions of a filter are done: what to remember, and what to tell the owner. */
import { ask, logEvent, type Program, type Remembered } from "../../contract/mod.ts";
import type { FilterOwner } from "./facts.ts";
import { tellOwner } from "./letters.ts";
import type { Outcome } from "./outcome.ts";
import { rememberedKey } from "./world.ts";

/** A key that the owner's deliveries remember for so many seconds. */
export function kept({ accountId, now }: FilterOwner, key: string, seconds: number): Remembered {
  return { accountId, key, until: now + seconds * 1000 };
}

const TROUBLE = "filter trouble";
const A_DAY = 86_400;

/** The journal is always told, the owner once a day. */
export function* tellTroubles(
  out: Outcome,
  troubles: readonly string[],
  remembered: ReadonlySet<string>,
): Program<Remembered[]> {
  for (const trouble of troubles) {
    out.note("filterFailed", trouble);
    yield logEvent("debug", "filter.failed", { account: out.facts.owner.account, trouble });
  }
  const { owner } = out.facts;
  if (troubles.length === 0 || remembered.has(rememberedKey(owner.accountId, TROUBLE))) return [];
  const { accountId, account, now } = owner;
  if (yield* ask("delivery.seen", { accountId, key: TROUBLE, now })) return [];
  const text = [
    `A filter of ${account} had trouble with a message. No mail is lost by it: what no filter could place was kept.`,
    "",
    ...troubles.slice(0, 20).map((trouble) => `- ${trouble}`),
    "",
    `The message was from <${owner.reversePath}>. You are told of this once a day at most.`,
    "",
  ].join("\n");
  yield* tellOwner(out, "Your mail filter had trouble", text);
  return [kept(owner, TROUBLE, A_DAY)];
}
