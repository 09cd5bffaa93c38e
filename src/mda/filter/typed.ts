/** Filters in TypeScript at delivery: what they are told, and what becomes of their answer. */
import {
  type AccountId,
  ask,
  FILTER_LIMITS,
  type FilterContext,
  type FilterEnvelope,
  type Program,
} from "../../contract/mod.ts";
import {
  actionAt,
  formatSieveError,
  type MadeScript,
  parseSieve,
  readActions,
  type SieveFacts,
  type SieveLimits,
  type SieveWorld,
  writeActions,
} from "../../sieve/mod.ts";
import type { TypedFilter } from "./policy.ts";
import { readFilterMail } from "./typed_mail.ts";

/** The filter as a step among scripts: its actions are done, bounded and traced as those of Sieve are. */
export function typedStep(
  { name, source, shared }: TypedFilter,
  accountId: AccountId,
  facts: SieveFacts,
  world: SieveWorld,
  limits: SieveLimits,
): MadeScript {
  return {
    name,
    *make() {
      const input = JSON.stringify(yield* inputOf(accountId, facts, world));
      const answer = yield* ask("filter.run", { accountId: shared ? null : accountId, source, input });
      return "failed" in answer ? { failure: answer.failed } : made(answer.said, limits);
    },
  };
}

/** The script that says what the filter says. */
function made(said: string, limits: SieveLimits): ReturnType<MadeScript["make"]> extends Program<infer R> ? R : never {
  const read = readActions(said, limits.actions);
  if ("wrong" in read) return { failure: read.wrong };
  const written = writeActions(read.actions);
  const parsed = parseSieve(written.text, { limits });
  if ("script" in parsed) return { script: parsed.script, notes: written.notes };
  const first = parsed.errors[0]!;
  const why = formatSieveError(first).slice(`${first.line}:${first.column}: `.length);
  return { failure: `action ${actionAt(first.line, written)}: ${why}` };
}

/** The arguments of the filter. */
function* inputOf(accountId: AccountId, facts: SieveFacts, world: SieveWorld) {
  const message = yield* readFilterMail(facts, world);
  const envelope: FilterEnvelope = facts.envelope;
  const mailboxes = yield* ask("mailbox.list", { accountId });
  const context: FilterContext = {
    now: facts.now,
    account: facts.owner.address,
    addresses: [...new Set(facts.owner.addresses)],
    mailboxes: mailboxes.slice(0, FILTER_LIMITS.mailboxes).map(({ path }) => path),
    host: facts.environment?.["host"] ?? "",
  };
  return [message, envelope, context] as const;
}
