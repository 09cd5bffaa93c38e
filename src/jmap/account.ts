/** Who asks, and whose mail he may ask for. */
import type { AccountId } from "../contract/mod.ts";

/** An account within reach of whoever is logged in (RFC 8620 section 1.6.2). */
export interface JmapAccount {
  readonly accountId: AccountId;
  /** Its address. */
  readonly name: string;
  /** His own; others are shared with him. */
  readonly isPersonal: boolean;
  readonly isReadOnly: boolean;
}

/** Whoever is logged in. */
export interface JmapUser {
  readonly accountId: AccountId;
  readonly address: string;
  /** His own first. */
  readonly accounts: readonly JmapAccount[];
}
