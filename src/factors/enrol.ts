/** Turning TOTP on and off, and showing a code. */
import { type AccountId, ask, type Program } from "../contract/mod.ts";
import { utf8Bytes } from "../base/bytes.ts";
import { digest } from "../base/hash.ts";
import { decodeBase32, encodeBase32 } from "./base32.ts";
import { type Enrolment, loadEnrolment, saveEnrolment } from "./factor_record.ts";
import { stepOfCode } from "./totp.ts";

/** How long a secret waits for its first code. */
const WAIT_MS = 15 * 60_000;
/** RFC 4226 section 4: at least 128 bits, better 160. */
const SECRET_OCTETS = 20;
const RECOVERY_CODES = 10;
/** Characters of Base32: 80 bits, so a plain hash is enough to keep. */
const RECOVERY_LENGTH = 16;
/** So many wrong codes within so long: then only a recovery code or a passkey. Who comes here knows the password. */
const MOST_FAILURES = 20;
const FAILURES_MS = 3_600_000;
const TRIES = 3;

/** A secret that counts when its first code was shown; one that waits already is replaced. Base32. */
export function* beginTotp(accountId: AccountId): Program<string> {
  const now = yield* ask("clock.now", {});
  const secret = encodeBase32(yield* randomOctets(SECRET_OCTETS));
  const value = JSON.stringify({ secret });
  yield* ask("record.put", {
    kind: "web.totp",
    key: `${accountId}.new`,
    value,
    now,
    accountId,
    expiresAt: now + WAIT_MS,
  });
  return secret;
}

/** The first code: from now on it counts. Recovery codes, which are shown once; null: the code is wrong or too late. */
export function* confirmTotp(accountId: AccountId, code: string): Program<readonly string[] | null> {
  const now = yield* ask("clock.now", {});
  const waiting = yield* ask("record.get", { kind: "web.totp", key: `${accountId}.new`, now });
  if (waiting === null) return null;
  const { secret } = JSON.parse(waiting.value) as { secret: string };
  const step = stepOfCode(decodeBase32(secret)!, plain(code), now, 0);
  if (step === null) return null;
  const made = yield* recoveryCodes();
  const value: Enrolment = {
    secret,
    confirmedAt: now,
    lastStep: step,
    recovery: made.map((one) => recoveryHash(accountId, one)),
    failures: 0,
    failedAt: 0,
    passwordAtDoors: false,
  };
  yield* ask("record.put", { kind: "web.totp", key: accountId, value: JSON.stringify(value), now, accountId });
  yield* ask("record.remove", { kind: "web.totp", key: `${accountId}.new` });
  return made;
}

/** A code of the app, or a recovery code, which is used up. `blocked`: too many were wrong. */
export function* proveSecond(accountId: AccountId, code: string): Program<"right" | "wrong" | "blocked"> {
  const now = yield* ask("clock.now", {});
  for (let tries = 0; tries < TRIES; tries++) {
    const found = yield* loadEnrolment(accountId);
    if (found === null) return "wrong";
    const [verdict, after] = judge(accountId, found.value, plain(code), now);
    if (after === null || (yield* saveEnrolment(accountId, after, found.version))) return verdict;
    // Another attempt came in between: of two with the same code one is too late.
  }
  return "wrong";
}

function judge(
  accountId: AccountId,
  before: Enrolment,
  code: string,
  now: number,
): ["right" | "wrong" | "blocked", Enrolment | null] {
  const recovery = recoveryHash(accountId, code);
  if (before.recovery.includes(recovery)) {
    return ["right", { ...before, failures: 0, recovery: before.recovery.filter((one) => one !== recovery) }];
  }
  const lately = Math.abs(now - before.failedAt) < FAILURES_MS ? before.failures : 0;
  if (lately >= MOST_FAILURES) return ["blocked", null];
  const step = stepOfCode(decodeBase32(before.secret)!, code, now, before.lastStep);
  if (step !== null) return ["right", { ...before, lastStep: step, failures: 0 }];
  return ["wrong", { ...before, failures: lately + 1, failedAt: lately === 0 ? now : before.failedAt }];
}

/** False: it was not on. */
export function* removeTotp(accountId: AccountId): Program<boolean> {
  yield* ask("record.remove", { kind: "web.totp", key: `${accountId}.new` });
  return yield* ask("record.remove", { kind: "web.totp", key: accountId });
}

/** New ones in place of all; null: TOTP is not on. */
export function* renewRecoveryCodes(accountId: AccountId): Program<readonly string[] | null> {
  const made = yield* recoveryCodes();
  const recovery = made.map((one) => recoveryHash(accountId, one));
  return (yield* change(accountId, (before) => ({ ...before, recovery }))) ? made : null;
}

/** Whether clients may use the account's password though TOTP is on. False: it is not on. */
export function* setPasswordAtDoors(accountId: AccountId, passwordAtDoors: boolean): Program<boolean> {
  return yield* change(accountId, (before) => ({ ...before, passwordAtDoors }));
}

function* change(accountId: AccountId, to: (before: Enrolment) => Enrolment): Program<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = yield* loadEnrolment(accountId);
    if (found === null) return false;
    if (yield* saveEnrolment(accountId, to(found.value), found.version)) return true;
  }
  return false;
}

function* recoveryCodes(): Program<readonly string[]> {
  const made: string[] = [];
  for (let i = 0; i < RECOVERY_CODES; i++) {
    const text = encodeBase32(yield* randomOctets(RECOVERY_LENGTH * 5 / 8)).toLowerCase();
    made.push(text.replace(/(.{4})(?=.)/g, "$1-"));
  }
  return made;
}

/** As people type it: with blanks, dashes and capitals. */
function plain(code: string): string {
  return code.slice(0, 100).toLowerCase().replace(/[\s-]/g, "");
}

function recoveryHash(accountId: AccountId, code: string): string {
  return digest("sha256", utf8Bytes(`recovery ${accountId} ${plain(code)}`)).toHex();
}

function* randomOctets(count: number): Program<Uint8Array> {
  const text = (yield* ask("text.random", {})) + (yield* ask("text.random", {}));
  return Uint8Array.fromHex(text).subarray(0, count);
}
