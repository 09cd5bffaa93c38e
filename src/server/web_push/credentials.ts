/**
 * What a push subscription belongs to (RFC 8620 section 7.2): the password or the token that it was made with. It has a name
 * that tells nothing of the secret, and ends with it, wherever that is changed: so it is looked up before each push.
 */
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import type { Credentials, Login } from "../../contract/mod.ts";
import type { Shown } from "../../http/jmap/desk.ts";
import type { PushSubscription } from "../../jmap/mod.ts";
import { ACCESS_PREFIX, credentialsPrint, findAccess, type Grant } from "../../oauth/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import { type Perform, runProgram } from "../run_program.ts";
import { hashToken, isToken } from "../token.ts";

/** `holds`; `paused`: the account is disabled for now; `over`: it will never hold again. */
export type CredentialState = "holds" | "paused" | "over";

export async function credentialOf(storage: Storage, shown: Shown, { login }: Login, now: number): Promise<string> {
  const secret = "token" in shown ? shown.token : shown.password;
  if (secret.reveal().startsWith(ACCESS_PREFIX)) {
    // Access tokens come and go; what lasts is the grant.
    const perform = ((op: string, args: never) =>
      op === "clock.now" ? now : storage.perform(op as never, args)) as Perform;
    const found = await runProgram(findAccess(secret.reveal()), perform, () => {});
    return `grant:${found?.grantId ?? "none"}`;
  }
  if (isToken(secret)) return `token:${hashToken(secret)}`;
  return await passwordOf(storage, login) ?? "none";
}

export async function credentialState(
  storage: Storage,
  { login, credential }: PushSubscription,
  now: number,
): Promise<CredentialState> {
  const account = await storage.perform("account.credentials", { login });
  if (account === null) return "over";
  const [kind, hash] = credential.split(":");
  const holds = kind === "token" && hash !== undefined
    ? await storage.perform("token.find", { hash, now }) !== null
    : kind === "grant" && hash !== undefined
    ? await grantHolds(storage, hash, account.credentials, now)
    : credential === nameOf(account.credentials.password.reveal());
  if (!holds) return "over";
  return account.disabled ? "paused" : "holds";
}

async function grantHolds(storage: Storage, grantId: string, credentials: Credentials, now: number): Promise<boolean> {
  const found = await storage.perform("record.get", { kind: "oauth.grant", key: grantId, now });
  return found !== null && (JSON.parse(found.value) as Grant).print === credentialsPrint(credentials);
}

/** The stored hash has a salt of its own: a digest of it is another as soon as the password is set anew. */
async function passwordOf(storage: Storage, login: string): Promise<string | null> {
  const account = await storage.perform("account.credentials", { login });
  return account && nameOf(account.credentials.password.reveal());
}

function nameOf(stored: string): string {
  return `password:${digest("sha256", utf8Bytes(stored)).toHex().slice(0, 32)}`;
}
