import { ask, type Program } from "../contract/mod.ts";
import { load, save } from "./stored.ts";

/** How a client gets tokens. */
export const GRANT_TYPES = [
  "authorization_code",
  "refresh_token",
  "urn:ietf:params:oauth:grant-type:device_code",
] as const;
export type GrantType = typeof GRANT_TYPES[number];

/** A client as it has registered. */
export interface Client {
  readonly clientId: string;
  /** What it calls itself: anybody may call itself anything. */
  readonly name: string;
  /** Its page, `https`, or null. */
  readonly uri: string | null;
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly GrantType[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The operator has added it: it stays until he removes it. */
  readonly kept: boolean;
}

/** A client that nobody lets in is forgotten; one that is used, after so long without a new grant. */
const UNUSED_MS = 24 * 3_600_000;
const USED_MS = 400 * 86_400_000;

/** Keeps it: one that is `used` for long. */
export function* keepClient(client: Client, used: boolean): Program<void> {
  const now = yield* ask("clock.now", {});
  const expiresAt = client.kept ? null : now + (used ? USED_MS : UNUSED_MS);
  yield* save("oauth.client", client.clientId, client, { now, expiresAt });
}

/** The client of that id, or null. */
export function* findClient(clientId: string | null, now: number): Program<Client | null> {
  if (clientId === null || !/^[A-Za-z0-9_-]{8,64}$/.test(clientId)) return null;
  return (yield* load<Client>("oauth.client", clientId, now))?.value ?? null;
}
