import type { Program } from "../contract/mod.ts";
import { load } from "./stored.ts";

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
}

/** The client of that id, or null. */
export function* findClient(clientId: string | null, now: number): Program<Client | null> {
  if (clientId === null || !/^[A-Za-z0-9_-]{8,64}$/.test(clientId)) return null;
  return (yield* load<Client>("oauth.client", clientId, now))?.value ?? null;
}
