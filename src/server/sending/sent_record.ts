/** What is kept of a message that was sent by HTTP: a record of kind `send`, by its trace id. */
import type { AccountId, TraceId } from "../../contract/mod.ts";
import type { SendActor } from "../../http/send_desk.ts";
import type { Storage } from "../../storage/storage.ts";

/** How long it is kept after its message went, milliseconds. */
export const KEPT_MS = 30 * 86_400_000;
const TRIES = 5;

export interface SentRecord {
  readonly traceId: TraceId;
  readonly messageId: string | null;
  readonly from: string;
  readonly createdAt: number;
  readonly sendAt: number | null;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** The address as it was given; where it was not sent to, when that was decided and why. */
  readonly recipients: readonly { readonly address: string; readonly suppressed?: string }[];
  /** What came back later, by address in lower case. */
  readonly returned?: Readonly<
    Record<string, { readonly kind: Returned; readonly at: number; readonly detail: string }>
  >;
  readonly canceled?: true;
}

/** What reports of others tell: it was not delivered after all, or is not wanted. */
export type Returned = "bounced" | "complained";

/** A store of records. */
export type Records = Pick<Storage, "perform">;

/** Adds it. False: the account is gone. */
export async function addSent(record: SentRecord, actor: SendActor, storage: Records): Promise<boolean> {
  const answer = await storage.perform("record.put", {
    kind: "send",
    key: record.traceId,
    value: JSON.stringify(record),
    now: record.createdAt,
    accountId: ownerOf(actor),
    expiresAt: (record.sendAt ?? record.createdAt) + KEPT_MS,
  });
  return !("refused" in answer);
}

/** Null: there is none. */
export async function readSent(
  id: string,
  now: number,
  storage: Records,
): Promise<{ readonly sent: SentRecord; readonly accountId: AccountId | null } | null> {
  if (!/^[a-z0-9]{1,40}\.\d{1,9}$/.test(id)) return null;
  const found = await storage.perform("record.get", { kind: "send", key: id, now });
  return found && { sent: JSON.parse(found.value) as SentRecord, accountId: found.accountId };
}

/** Changes it, whoever else does at the same time. `change` answers null where there is nothing to change. */
export async function changeSent(
  id: string,
  now: number,
  change: (sent: SentRecord) => SentRecord | null,
  storage: Records,
): Promise<boolean> {
  for (let i = 0; i < TRIES; i++) {
    const found = await storage.perform("record.get", { kind: "send", key: id, now });
    const changed = found && change(JSON.parse(found.value) as SentRecord);
    if (!found || !changed) return false;
    const { accountId, expiresAt, version: ifVersion } = found;
    const value = JSON.stringify(changed);
    const answer = await storage.perform("record.put", {
      kind: "send",
      key: id,
      value,
      now,
      accountId,
      expiresAt,
      ifVersion,
    });
    if (!("refused" in answer)) return true;
    if (answer.refused !== "changed") return false;
  }
  return false;
}

/** What goes with the account goes with it. */
export function ownerOf(actor: SendActor): AccountId | null {
  return actor.kind === "account" ? actor.login.accountId : actor.kind === "domain" ? actor.accountId : null;
}
