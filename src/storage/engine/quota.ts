/** Quota roots (RFC 9208): one an account, whose counters `member.ts` keeps. */
import type { AnswerOf, Args, QuotaState } from "../../contract/mod.ts";
import { visibleByName } from "./access.ts";
import { mailboxOf } from "./email_read.ts";
import { accountIdOf } from "./ids.ts";
import { accountOf } from "./member.ts";
import type { AccountRow, Transaction } from "./tables.ts";

export function quota(tx: Transaction, args: Args<"quota.get">): AnswerOf<"quota.get"> {
  return stateOf(payer(tx, args));
}

function stateOf({ address, quotaBytes, quotaMessages, usedBytes, usedMessages }: AccountRow): QuotaState {
  return {
    address,
    quota: { bytes: quotaBytes, messages: quotaMessages },
    usage: { bytes: usedBytes, messages: usedMessages },
  };
}

/** Mail in another's mailbox takes its owner's room. */
function payer(tx: Transaction, { accountId, path }: Args<"quota.get">): AccountRow {
  const reached = path === null ? null : visibleByName(tx, accountId, path);
  return reached?.rights.includes("r") ? reached.owner : accountOf(tx, accountId);
}

export function deletedStorage(tx: Transaction, args: Args<"mailbox.deletedStorage">): number {
  const row = mailboxOf(tx, args);
  return row && row.deleted > 0 ? tx.deletedStorage(row.id) : 0;
}

export function near(tx: Transaction, { percent }: Args<"quota.near">): AnswerOf<"quota.near"> {
  return tx.accountsNear(percent).map((account) => ({ accountId: accountIdOf(account.id), ...stateOf(account) }));
}
