/**
 * Passwords: what is stored of them, and whether one fits.
 *
 * Rules:
 * - Every octet counts, NUL is refused, the length is bounded before anything is hashed.
 * - scrypt (RFC 7914) runs on the thread pool, at most as many at once as there are cores, the rest waits in line; a line
 *   that grows too long is refused (`PasswordsBusy`), so that guessing cannot fill the memory.
 * - An unknown user costs what a wrong password costs: verify against `dummyCredentials`.
 * - A password that was right a short while ago is known again by an HMAC under a key that lives in this process only.
 *   The stored hash is part of what is signed, so a changed password is never remembered.
 */
import { pbkdf2 as nodePbkdf2, randomBytes, scrypt as nodeScrypt } from "node:crypto";
import { parseDigits } from "../base/ascii.ts";
import { decodeBase64, encodeBase64 } from "../base/base64.ts";
import { concatBytes, utf8Bytes } from "../base/bytes.ts";
import { digest, equalSecretBytes, hmac } from "../base/hash.ts";
import { Secret } from "../base/secret.ts";
import type { Credentials, StoredScramKeys } from "../contract/mod.ts";
import { saslPrep } from "../sasl/mod.ts";

/** Octets of the longest password. RFC 4616 section 2 leaves the bound to us; hashing must not be a lever. */
export const LONGEST_PASSWORD = 1024;

/** OWASP's and RFC 7914's order of cost: 32 MiB and about 60 ms. */
const COST = { ln: 15, r: 8, p: 1 } as const;
const HASH_LENGTH = 32;
/** RFC 7677 section 4: at least 4096. */
const SCRAM_ITERATIONS = 10_000;

const REMEMBERED = 10_000;
const REMEMBER_MS = 60 * 60 * 1000;
const LONGEST_LINE = 1_000;

/** A password that cannot be one, with words for the person who chose it. */
export type PasswordRefused = { readonly refused: "password"; readonly text: string };

/** More passwords wait for their hash than this process will hold. Its `reason` makes it a temporary failure. */
export class PasswordsBusy extends Error {
  override readonly name = "PasswordsBusy";
  readonly reason = "unavailable";
}

/** Why `password` cannot be a password, or null. */
export function passwordProblem(password: Secret): string | null {
  const text = password.reveal();
  if (text.length === 0) return "the password is empty";
  if (text.length > LONGEST_PASSWORD || utf8Bytes(text).length > LONGEST_PASSWORD) {
    return `the password is longer than ${LONGEST_PASSWORD} octets`;
  }
  if (text.includes("\0")) return "the password contains a NUL";
  // RFC 4013: what SASLprep prohibits could be set but never typed in again.
  const prepared = saslPrep(text);
  if (prepared === null) return "the password has a control character, or one that passwords may not have (RFC 4013)";
  return prepared === "" ? "the password has no visible character" : null;
}

/** What hashing costs: scrypt's log2 of N, and the rounds of SCRAM. */
export interface HashCost {
  readonly ln: number;
  readonly iterations: number;
}

/** For accounts that live as long as a test: nobody attacks them, and each costs less than a millisecond. */
export const TEST_COST: HashCost = { ln: 4, iterations: 4096 };

/** What to store of a new password: its scrypt hash and the keys of SCRAM (RFC 5802 section 3). */
export async function makeCredentials(
  password: Secret,
  { ln, iterations }: HashCost = { ln: COST.ln, iterations: SCRAM_ITERATIONS },
): Promise<Credentials | PasswordRefused> {
  const problem = passwordProblem(password);
  if (problem !== null) return { refused: "password", text: problem };
  const text = prepared(password);
  const salt = random(16);
  const cost = { ...COST, ln };
  const hash = await scrypt(text, salt, cost, HASH_LENGTH);
  return {
    password: new Secret(printHash(salt, hash, cost)),
    scramSha256: await scramKeys("sha256", text, iterations),
    scramSha1: await scramKeys("sha1", text, iterations),
  };
}

/** RFC 5802 section 3. */
async function scramKeys(hash: "sha256" | "sha1", password: string, iterations: number): Promise<StoredScramKeys> {
  const salt = random(16);
  const salted = await pbkdf2(hash, password, salt, iterations); // section 2.2
  const clientKey = hmac(hash, salted, utf8Bytes("Client Key"));
  return {
    salt,
    iterations,
    storedKey: new Secret(digest(hash, clientKey)),
    serverKey: new Secret(hmac(hash, salted, utf8Bytes("Server Key"))),
  };
}

/**
 * Whether the password is the one that `credentials` were made of. False too for a password that cannot be one and for
 * a stored hash that cannot be read. Rejects with `PasswordsBusy`.
 */
export async function verifyPassword(password: Secret, credentials: Credentials): Promise<boolean> {
  if (passwordProblem(password) !== null) return false;
  const stored = credentials.password.reveal();
  const parsed = parseHash(stored);
  if (parsed === null) return false;
  const text = prepared(password);
  const mark = markOf(stored, text);
  if (recall(mark)) return true;
  const hash = await scrypt(text, parsed.salt, parsed.cost, parsed.hash.length);
  if (!equalSecretBytes(hash, parsed.hash)) return false;
  remember(mark);
  return true;
}

/**
 * Credentials nobody has, for a login that does not exist: no password fits, and verifying costs the same. Their SCRAM
 * keys are fresh in each process; whoever shows them must make them stable for a name (RFC 5802 section 9).
 */
export function dummyCredentials(): Credentials {
  return DUMMY;
}

const random = (octets: number): Uint8Array => new Uint8Array(randomBytes(octets));

const DUMMY: Credentials = {
  password: new Secret(printHash(random(16), random(HASH_LENGTH))),
  scramSha256: {
    salt: random(16),
    iterations: SCRAM_ITERATIONS,
    storedKey: new Secret(random(32)),
    serverKey: new Secret(random(32)),
  },
};

/** The password as it is hashed: the same typed on two keyboards is the same (RFC 4013). */
function prepared(password: Secret): string {
  return saslPrep(password.reveal()) ?? password.reveal();
}

function printHash(salt: Uint8Array, hash: Uint8Array, { ln, r, p }: Cost = COST): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${encodeBase64(salt)}$${encodeBase64(hash)}`;
}

interface Cost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`. The cost is bounded: a stored line must not be able to stop the server. */
function parseHash(stored: string): { cost: Cost; salt: Uint8Array; hash: Uint8Array } | null {
  const parts = stored.split("$");
  if (parts.length !== 5 || parts[0] !== "" || parts[1] !== "scrypt") return null;
  const costs = (parts[2] ?? "").split(",");
  if (costs.length !== 3) return null;
  const number = (at: number, name: string, max: number) =>
    costs[at]?.startsWith(name) ? parseDigits(costs[at].slice(name.length), max) : null;
  const [ln, r, p] = [number(0, "ln=", 18), number(1, "r=", 16), number(2, "p=", 4)];
  const salt = decodeBase64(parts[3] ?? "");
  const hash = decodeBase64(parts[4] ?? "");
  if (!ln || !r || !p || salt === null || hash === null || hash.length < 16 || hash.length > 64) return null;
  return { cost: { ln, r, p }, salt, hash };
}

// The line before scrypt: each derivation holds 32 MiB, so never more at once than can be worked on.
const lanes = Math.max(1, navigator.hardwareConcurrency);
const waiting: (() => void)[] = [];
let running = 0;

async function scrypt(password: string, salt: Uint8Array, cost: Cost, length: number): Promise<Uint8Array> {
  if (running >= lanes) {
    if (waiting.length >= LONGEST_LINE) throw new PasswordsBusy("too many passwords are waiting to be checked");
    await new Promise<void>((go) => waiting.push(go));
  } else running++;
  try {
    return await derive(password, salt, cost, length);
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next(); // the lane is handed over
  }
}

function derive(password: string, salt: Uint8Array, cost: Cost, length: number): Promise<Uint8Array> {
  const N = 2 ** cost.ln;
  const options = { N, r: cost.r, p: cost.p, maxmem: 256 * N * cost.r };
  return new Promise((resolve, reject) =>
    nodeScrypt(
      utf8Bytes(password),
      salt,
      length,
      options,
      (error, key) => error ? reject(error) : resolve(new Uint8Array(key)),
    )
  );
}

function pbkdf2(
  hash: "sha256" | "sha1",
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    nodePbkdf2(
      utf8Bytes(password),
      salt,
      iterations,
      hash === "sha1" ? 20 : 32,
      hash,
      (error, key) => error ? reject(error) : resolve(new Uint8Array(key)),
    )
  );
}

const processKey = random(32);
/** Marks of passwords that were right, oldest first, with the time until which they are known. */
const remembered = new Map<string, number>();

function markOf(stored: string, password: string): string {
  return encodeBase64(hmac("sha256", processKey, concatBytes([utf8Bytes(`${stored}\0`), utf8Bytes(password)])));
}

// A look-up by HMAC value: what its time tells is about the mark, which nobody outside can compute.
function recall(mark: string): boolean {
  const until = remembered.get(mark);
  if (until === undefined) return false;
  if (performance.now() < until) return true;
  remembered.delete(mark);
  return false;
}

function remember(mark: string): void {
  if (remembered.size >= REMEMBERED) {
    for (const oldest of remembered.keys()) {
      remembered.delete(oldest);
      break;
    }
  }
  remembered.set(mark, performance.now() + REMEMBER_MS);
}
