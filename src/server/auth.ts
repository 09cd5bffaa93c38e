/**
 * Who somebody is: answers `auth.*`. Unknown users cost what known ones do and hear the same words; failures make
 * the next attempt slower, by address and by account, and never lock the owner out.
 */
import { createHmac, randomBytes } from "node:crypto";
import { lowerAscii } from "../base/ascii.ts";
import { Secret } from "../base/secret.ts";
import type {
  AnswerOf,
  Args,
  Credentials,
  Login,
  LoginRefused,
  Op,
  Program,
  Protocol,
  Scope,
  ScramKeys,
  StorageOp,
} from "../contract/mod.ts";
import { wantsAppPasswords } from "../factors/mod.ts";
import { ACCESS_PREFIX, credentialsPrint, findAccess, type Person } from "../oauth/mod.ts";
import type { LoginDelay } from "../net/login_delay.ts";
import type { Storage } from "../storage/storage.ts";
import type { Clock } from "./clock.ts";
import { dummyCredentials, verifyPassword } from "./credentials.ts";
import { type Perform, runProgram } from "./run_program.ts";
import { hashToken, isToken } from "./token.ts";

/** `door` is what the client came for: a token that is not for it is refused as a wrong password is. */
export interface Auth {
  /** For pages: the account's own password alone, whatever else is to be shown; not for an app password. */
  person(args: Args<"auth.password">, remoteAddress: string): Promise<Person | LoginRefused>;
  /** Whether another proof may be looked at now, and that one was wrong. */
  mayTry(login: string, remoteAddress: string): boolean;
  failed(login: string, remoteAddress: string): void;
  password(args: Args<"auth.password">, remoteAddress: string, door: Scope): Promise<AnswerOf<"auth.password">>;
  scram(args: Args<"auth.scram">, remoteAddress: string): Promise<AnswerOf<"auth.scram">>;
  scramDone(args: Args<"auth.scramDone">, remoteAddress: string): Promise<AnswerOf<"auth.scramDone">>;
  bearer(args: Args<"auth.bearer">, remoteAddress: string, door: Scope): Promise<AnswerOf<"auth.bearer">>;
  external(args: Args<"auth.external">): Promise<AnswerOf<"auth.external">>;
}

export interface AuthParts {
  readonly storage: Storage;
  readonly delay: LoginDelay;
  readonly clock: Clock;
}

/** What clients of a protocol come for. */
export function doorOf(protocol: Protocol): Scope {
  if (protocol === "managesieve") return "sieve";
  return protocol === "smtp" || protocol === "lmtp" ? "submission" : protocol;
}

/** A token's last use is written at most so often. */
const USE_MS = 3_600_000;

/** A token that is one, of the account that it was shown for. */
interface ShownToken {
  readonly address: string;
  readonly scopes: readonly Scope[] | null;
  /** Of the password that it was granted under; null: it is good under each. */
  readonly print: string | null;
  /** It was used: writes that down, unless it was lately. */
  used(): Promise<void>;
}

interface Known {
  readonly login: Login;
  readonly disabled: boolean;
  readonly credentials: Credentials;
}

export function createAuth(parts: AuthParts): Auth {
  const { storage, delay, clock } = parts;
  let seed: Promise<string> | null = null;

  const lookUp = async (login: string): Promise<Known | null> => {
    const found = await storage.perform("account.credentials", { login: lowerAscii(login) });
    if (found === null) return null;
    const { accountId, address, disabled, credentials } = found;
    return { login: { accountId, login: address, scopes: null }, disabled, credentials };
  };

  /** Waits as long as earlier failures demand; false: not now at all. */
  const mayTry = async (remoteAddress: string, login: string): Promise<boolean> => {
    const verdict = delay.before(remoteAddress, lowerAscii(login), clock.monotonic());
    if ("tooMany" in verdict) return false;
    if (verdict.delayMs > 0) await clock.sleep(verdict.delayMs);
    return true;
  };

  const settle = (known: Known | null, proven: boolean, remoteAddress: string, login: string): Login | LoginRefused => {
    const name = lowerAscii(login);
    // Guesses that began together were all let in at the same count: what the first ones came to holds for the rest.
    if ("tooMany" in delay.before(remoteAddress, name, clock.monotonic())) return { refused: "tooMany" };
    if (known === null || !proven) {
      delay.failed(remoteAddress, name, clock.monotonic());
      return { refused: "credentials" };
    }
    if (known.disabled) return { refused: "disabled" }; // only whoever knows the password learns this
    delay.succeeded(remoteAddress, name, clock.monotonic());
    return known.login;
  };

  const findToken = async (token: Secret, from: string): Promise<ShownToken | null> => {
    const [hash, now] = [hashToken(token), clock.wall()];
    const found = await storage.perform("token.find", { hash, now });
    return found && {
      ...found,
      print: null,
      async used() {
        const lately = found.lastUsedAt !== null && Math.abs(now - found.lastUsedAt) < USE_MS;
        // A store that takes no writes still lets people in.
        if (!lately) await storage.perform("token.used", { hash, from, now }).catch(() => {});
      },
    };
  };

  const run = <R>(program: Program<R>): Promise<R> => {
    const perform = <K extends Op>(op: K, args: Args<K>) =>
      op === "clock.now" ? clock.wall() as AnswerOf<K> : storage.perform(op as StorageOp, args as never);
    return runProgram(program, perform as Perform, () => {});
  };

  /** An access token of OAuth, as long as its grant is there. */
  const findGrant = async (token: Secret): Promise<ShownToken | null> => {
    const found = await run(findAccess(token.reveal()));
    return found && { ...found, used: () => Promise.resolve() };
  };

  /** The password is right, and is all that this account asks of clients. */
  const isEnough = async (known: Known | null, right: boolean): Promise<boolean> =>
    right && known !== null && !await run(wantsAppPasswords(known.login.accountId));

  /** Whoever is known by a token that is for `door`. */
  const settleToken = async (
    known: Known | null,
    token: ShownToken | null,
    door: Scope,
    remoteAddress: string,
    login: string,
  ): Promise<Login | LoginRefused> => {
    const right = token !== null && token.address === known?.login.login && (token.scopes?.includes(door) ?? true) &&
      (token.print === null || token.print === credentialsPrint(known.credentials));
    const answer = settle(known, right, remoteAddress, login);
    if (token === null || "refused" in answer) return answer;
    await token.used();
    return { ...answer, scopes: token.scopes };
  };

  return {
    async password({ login, password }, remoteAddress, door) {
      if (!await mayTry(remoteAddress, login)) return { refused: "tooMany" };
      const known = await lookUp(login);
      // A token may stand where a password stands: an app password.
      const token = isToken(password) ? await findToken(password, remoteAddress) : null;
      if (token) return await settleToken(known, token, door, remoteAddress, login);
      const right = await verifyPassword(password, known?.credentials ?? await dummyCredentials());
      return settle(known, await isEnough(known, right), remoteAddress, login);
    },

    async person({ login, password }, remoteAddress) {
      if (!await mayTry(remoteAddress, login)) return { refused: "tooMany" };
      const known = await lookUp(login);
      const right = await verifyPassword(password, known?.credentials ?? await dummyCredentials());
      const answer = settle(known, right, remoteAddress, login);
      if ("refused" in answer || known === null) return answer as LoginRefused;
      return { accountId: answer.accountId, address: answer.login, print: credentialsPrint(known.credentials) };
    },

    mayTry: (login, remoteAddress) => !("tooMany" in delay.before(remoteAddress, lowerAscii(login), clock.monotonic())),

    failed: (login, remoteAddress) => delay.failed(remoteAddress, lowerAscii(login), clock.monotonic()),

    async scram({ mechanism, login }, remoteAddress) {
      // RFC 5802 section 5: the server-first-message goes out for whoever asks; the verdict comes at the end.
      await mayTry(remoteAddress, login);
      const known = await lookUp(login);
      seed ??= storage.perform("setting.init", { name: "scram.seed", value: randomBytes(32).toString("hex") });
      const { scramSha256, scramSha1 } = known?.credentials ?? {};
      // Keys that are not there, because the password is older than the mechanism, look like those of nobody.
      const keys = (mechanism === "SCRAM-SHA-1" ? scramSha1 : scramSha256) ??
        madeUpKeys(await seed, lowerAscii(login), mechanism === "SCRAM-SHA-1" ? "sha1" : "sha256");
      return { ...keys, nonce: randomBytes(18).toString("base64") };
    },

    async scramDone({ login, proven }, remoteAddress) {
      const known = await lookUp(login);
      return settle(known, await isEnough(known, proven), remoteAddress, login);
    },

    async bearer({ login, token }, remoteAddress, door) {
      const found = token.reveal().startsWith(ACCESS_PREFIX)
        ? await findGrant(token)
        : await findToken(token, remoteAddress);
      const name = login ?? found?.address ?? "";
      if (!await mayTry(remoteAddress, name)) return { refused: "tooMany" };
      const known = name === "" ? null : await lookUp(name);
      return await settleToken(known, found, door, remoteAddress, name);
    },

    async external({ addresses, login }) {
      // There is nothing to guess here: the authority has said who it is.
      const wanted = login === null ? null : await lookUp(login);
      if (login !== null && wanted === null) return { refused: "credentials" };
      for (const address of addresses) {
        const known = await lookUp(address);
        if (known === null || (wanted !== null && known.login.accountId !== wanted.login.accountId)) continue;
        return known.disabled ? { refused: "disabled" } : known.login;
      }
      return { refused: "credentials" };
    },
  };
}

/** Stable for a name, so that asking twice does not tell an unknown user from a known one (RFC 5802 section 9). */
function madeUpKeys(seed: string, login: string, hash: "sha256" | "sha1"): Omit<ScramKeys, "nonce"> {
  const derive = (use: string): Uint8Array => new Uint8Array(createHmac(hash, seed + use).update(login).digest());
  return {
    salt: derive("salt").subarray(0, SCRAM_SALT),
    iterations: SCRAM_ITERATIONS,
    storedKey: new Secret(derive("stored")),
    serverKey: new Secret(derive("server")),
  };
}

/** What `makeCredentials` uses: made-up keys must look the same. */
const SCRAM_SALT = 16;
const SCRAM_ITERATIONS = 10_000;
