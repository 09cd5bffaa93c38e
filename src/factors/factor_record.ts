import { type AccountId, ask, type Program } from "../contract/mod.ts";

/** What is kept of an account's second factor. Times in milliseconds since 1970. */
export interface Enrolment {
  /** Base32. */
  readonly secret: string;
  readonly confirmedAt: number;
  /** Codes of this step and before are used up. */
  readonly lastStep: number;
  /** Hashes of recovery codes that are left. */
  readonly recovery: readonly string[];
  /** Wrong codes since `failedAt`, for a bound that addresses cannot get around. */
  readonly failures: number;
  readonly failedAt: number;
  /** Clients may use the account's password all the same. */
  readonly passwordAtDoors: boolean;
}

/** What the owner is shown. */
export interface FactorState {
  readonly on: boolean;
  readonly recoveryLeft: number;
  readonly passwordAtDoors: boolean;
}

/** Loaded, with its version. */
export function* loadEnrolment(accountId: AccountId): Program<{ value: Enrolment; version: number } | null> {
  const now = yield* ask("clock.now", {});
  const found = yield* ask("record.get", { kind: "web.totp", key: accountId, now });
  return found && { value: JSON.parse(found.value) as Enrolment, version: found.version };
}

/** False: it has changed since. */
export function* saveEnrolment(accountId: AccountId, value: Enrolment, ifVersion: number): Program<boolean> {
  const now = yield* ask("clock.now", {});
  const row = { kind: "web.totp", key: accountId, value: JSON.stringify(value), now, accountId, ifVersion } as const;
  return !("refused" in (yield* ask("record.put", row)));
}

export function* factorState(accountId: AccountId): Program<FactorState> {
  const found = yield* loadEnrolment(accountId);
  return {
    on: found !== null,
    recoveryLeft: found?.value.recovery.length ?? 0,
    passwordAtDoors: found?.value.passwordAtDoors ?? true,
  };
}

/** Whether clients that cannot show a second proof have to come with an app password. */
export function* wantsAppPasswords(accountId: AccountId): Program<boolean> {
  const found = yield* loadEnrolment(accountId);
  return found !== null && !found.value.passwordAtDoors;
}
