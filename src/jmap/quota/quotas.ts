/** Quotas (RFC 9425): how much an account may keep, where that has a limit. */
import { ask, type Modseq, type Program } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";

/** A quota of an account. */
export interface Quota extends JsonObject {
  readonly id: string;
  readonly resourceType: "octets" | "count";
  readonly used: number;
  readonly hardLimit: number;
  readonly scope: "account";
  readonly name: string;
  readonly types: readonly string[];
}

/** All ids that there can be. */
export const QUOTA_IDS: readonly string[] = ["octets", "messages"];

/** Those of the account that have a limit; of another's none is told. */
export function* allQuotas(
  call: Call,
  account: JmapAccount,
): Program<{ readonly state: Modseq; readonly quotas: readonly Quota[] }> {
  const state = yield* ask("account.state", call.whose(account));
  if (!account.isPersonal) return { state, quotas: [] };
  const { quota, usage } = yield* ask("quota.get", { accountId: call.context.user.accountId, path: null });
  const quotas: Quota[] = [];
  // RFC 9425 section 4.1: what has no limit is no quota.
  if (quota.bytes !== null) quotas.push(quotaOf("octets", "octets", usage.bytes, quota.bytes, account.name));
  if (quota.messages !== null) quotas.push(quotaOf("messages", "count", usage.messages, quota.messages, account.name));
  return { state, quotas };
}

function quotaOf(
  id: string,
  resourceType: Quota["resourceType"],
  used: number,
  hardLimit: number,
  name: string,
): Quota {
  return {
    id,
    resourceType,
    used,
    hardLimit,
    scope: "account",
    name,
    types: ["Email"],
    warnLimit: null,
    softLimit: null,
    description: null,
  };
}
