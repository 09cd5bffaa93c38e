/**
 * What a push subscription belongs to (RFC 8620 section 7.2): the password, the token or the grant of OAuth that it was made
 * with. It has a name that tells nothing of the secret, and ends with it, wherever that is changed: so it is looked up before
 * each push.
 */
import type { Login, Op, Program, StorageOp } from "../../contract/mod.ts";
import { wantsAppPasswords } from "../../factors/mod.ts";
import type { Shown } from "../../http/jmap/desk.ts";
import type { PushSubscription } from "../../jmap/mod.ts";
import { ACCESS_PREFIX, credentialsPrint, findAccess } from "../../oauth/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import { type Perform, runProgram } from "../run_program.ts";
import { hashToken, isToken } from "../token.ts";

/** `holds`; `paused`: the account is disabled for now; `over`: it will never hold again. */
export type CredentialState = "holds" | "paused" | "over";

/** The name of what was shown and was right. */
export async function credentialOf(storage: Storage, shown: Shown, { login }: Login, now: number): Promise<string> {
  const secret = "token" in shown ? shown.token : shown.password;
  if (secret.reveal().startsWith(ACCESS_PREFIX)) {
    // Access tokens come and go with each refresh: the grant stays.
    const grant = await runner(storage, now)(findAccess(secret.reveal()));
    if (grant) return `grant:${grant.grantId}`;
  }
  if (isToken(secret)) return `token:${hashToken(secret)}`;
  const account = await storage.perform("account.credentials", { login });
  return account ? `password:${credentialsPrint(account.credentials)}` : "none";
}

export async function credentialState(
  storage: Storage,
  { login, credential }: Pick<PushSubscription, "login" | "credential">,
  now: number,
): Promise<CredentialState> {
  const account = await storage.perform("account.credentials", { login });
  if (account === null) return "over";
  const colon = credential.indexOf(":");
  const [kind, name] = [credential.slice(0, colon), credential.slice(colon + 1)];
  const print = credentialsPrint(account.credentials);
  const isThere = async (): Promise<boolean> => {
    switch (kind) {
      case "token":
        return await storage.perform("token.find", { hash: name, now }) !== null;
      case "grant": {
        const grant = await storage.perform("record.get", { kind: "oauth.grant", key: name, now });
        return grant !== null && (JSON.parse(grant.value) as { readonly print: string }).print === print;
      }
      case "password":
        return name === print && !await runner(storage, now)(wantsAppPasswords(account.accountId));
      default:
        return false;
    }
  };
  if (!await isThere()) return "over";
  return account.disabled ? "paused" : "holds";
}

function runner(storage: Storage, now: number): <R>(program: Program<R>) => Promise<R> {
  const perform =
    ((op: Op, args: never) => op === "clock.now" ? now : storage.perform(op as StorageOp, args)) as Perform;
  return (program) => runProgram(program, perform, () => {});
}
