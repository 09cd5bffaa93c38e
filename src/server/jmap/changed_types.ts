/** Which types of an account have changed since a state: asked of the store, so that a push says no more than is true. */
import type { AccountId, Modseq } from "../../contract/mod.ts";
import type { AccountChange, ChangeHint } from "../../http/jmap/push_hub.ts";
import { PUSH_TYPES, type PushType } from "../../jmap/mod.ts";
import type { Storage } from "../../storage/storage.ts";

/** More changes than these are not looked through. */
const LOOKED_AT = 1000;

/** Types whose objects are rows of the account. */
const KINDS = [["EmailSubmission", "submission"], ["Identity", "identity"], ["SieveScript", "sieve"], [
  "EmailSubmission",
  "report",
]] as const;

/** `since` null: it is not known, and all that `hint` allows has changed. */
export async function changedTypes(
  storage: Storage,
  accountId: AccountId,
  since: number | null,
  hint: ChangeHint,
): Promise<AccountChange> {
  const state = await storage.perform("account.state", { accountId });
  const types = new Set<PushType>();
  const all = { state, types: new Set(PUSH_TYPES) };
  if (since === state) return { state, types };
  if (since === null) return hint.mail && hint.list ? all : { state, types: hinted(hint) };
  if (since > state) return all; // a store that was put back
  if (hint.mail && !await mail(storage, accountId, since as Modseq, types)) return all;
  if (hint.list && !await objects(storage, accountId, since as Modseq, types)) return all;
  return { state, types };
}

function hinted({ mail }: ChangeHint): Set<PushType> {
  return new Set(
    mail ? ["Mailbox", "Email", "EmailDelivery", "Thread", "Quota"] : ["Mailbox", ...KINDS.map(([type]) => type)],
  );
}

/** False: the account does not know any more. */
async function mail(storage: Storage, accountId: AccountId, modseq: Modseq, types: Set<PushType>): Promise<boolean> {
  const news = await storage.perform("email.changes", {
    accountId,
    since: { modseq, emailId: null },
    limit: LOOKED_AT,
  });
  if ("refused" in news) return false;
  if (news.changes.length === 0 && !news.hasMore) return true;
  types.add("Email").add("Mailbox");
  // RFC 8621 section 1.5: only what came is a delivery.
  const came = news.hasMore || news.changes.some(({ kind }) => kind === "created");
  if (came) types.add("EmailDelivery");
  if (came || news.changes.some(({ kind }) => kind === "destroyed")) types.add("Thread").add("Quota");
  return true;
}

async function objects(storage: Storage, accountId: AccountId, since: Modseq, types: Set<PushType>): Promise<boolean> {
  const mailboxes = await storage.perform("mailbox.objectChanges", { accountId, since });
  if ("refused" in mailboxes) return false;
  const { created, updated, destroyed } = mailboxes;
  if (created.length + updated.length + destroyed.length > 0) types.add("Mailbox");
  for (const [type, kind] of KINDS) {
    const news = await storage.perform("object.changes", { accountId, kind, since });
    if ("refused" in news) return false;
    if (news.created.length + news.updated.length + news.destroyed.length > 0) types.add(type);
  }
  return true;
}
