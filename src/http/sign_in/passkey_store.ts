/** Passkeys of accounts: public keys, by the hash of the credential's id. */
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import type { AccountId } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";

/** What is kept of one. Times in milliseconds since 1970. */
export interface Passkey {
  /** Base64url, as the browser names it. */
  readonly id: string;
  /** COSE key, Base64url. */
  readonly publicKey: string;
  /** Counts up with each use, where the device counts. */
  readonly counter: number;
  readonly transports: readonly string[];
  readonly address: string;
  /** What its owner calls it. */
  readonly name: string;
  readonly createdAt: number;
  readonly usedAt: number | null;
}

type Deps = Pick<HttpDeps, "perform" | "now">;
const MOST = 20;

function passkeyKey(id: string): string {
  return digest("sha256", utf8Bytes(id)).toHex();
}

export async function findPasskey(
  deps: Deps,
  id: string,
): Promise<{ passkey: Passkey; accountId: AccountId; version: number } | null> {
  const found = await deps.perform("record.get", { kind: "web.passkey", key: passkeyKey(id), now: deps.now() });
  if (found === null || found.accountId === null) return null;
  return { passkey: JSON.parse(found.value) as Passkey, accountId: found.accountId, version: found.version };
}

export async function listPasskeys(deps: Deps, accountId: AccountId): Promise<readonly Passkey[]> {
  const found = await deps.perform("record.list", { kind: "web.passkey", now: deps.now(), accountId, limit: MOST });
  return found.map(({ value }) => JSON.parse(value) as Passkey);
}

/** Adds it (`ifVersion` null), or changes it. False: it is there, has changed, or there are too many. */
export async function putPasskey(
  deps: Deps,
  accountId: AccountId,
  passkey: Passkey,
  ifVersion: number | null,
): Promise<boolean> {
  if (ifVersion === null && (await listPasskeys(deps, accountId)).length >= MOST) return false;
  const row = { kind: "web.passkey", key: passkeyKey(passkey.id), value: JSON.stringify(passkey) } as const;
  return !("refused" in await deps.perform("record.put", { ...row, now: deps.now(), accountId, ifVersion }));
}

/** One of that account; false: there is none. */
export async function removePasskey(deps: Deps, accountId: AccountId, id: string): Promise<boolean> {
  const found = await findPasskey(deps, id);
  if (found?.accountId !== accountId) return false;
  return await deps.perform("record.remove", { kind: "web.passkey", key: passkeyKey(id) });
}
