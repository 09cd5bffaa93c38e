/**
 * Signed requests to a store of objects. Each has a time, what fails in passing is tried again a few times, and only so
 * many are under way at once. What remains is a `StorageError`.
 */
import { AwsV4Signer } from "aws4fetch";
import { concatBytes, EMPTY } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import { StorageError } from "../storage.ts";
import { addressOf, type ObjectOptions } from "./options.ts";
import { isPassing, ObjectRefusal, refusalOf, Unreachable } from "./refusal.ts";

/** One request. */
export interface Asked {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Of the object; empty: the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly range?: { readonly start: number; readonly length: number };
  /** Statuses that are an answer although they are no 2xx. */
  readonly also?: readonly number[];
  /** What is wanted, for errors. */
  readonly doing: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly octets: Uint8Array;
}

/** What tests put in the place of time and chance. */
export interface RequestParts {
  readonly sleep?: (ms: number) => Promise<void>;
  readonly random?: () => number;
}

const AT_ONCE = 32;
const ATTEMPTS = 4;
/** How many requests that are never answered somebody waits behind. */
const TURNS = 3;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
/** No attempt begins after so long. */
const PATIENCE_MS = 60_000;
const TIMEOUT_MS = 20_000;
/** A line that is slower than so many octets a second is down. */
const SLOWEST = 64 * 1024;
const TEXT_LIMIT = 4 * 1024 * 1024;
const ERROR_LIMIT = 64 * 1024;

export class Requests {
  /** Host and bucket, for errors. */
  readonly where: string;
  readonly #options: ObjectOptions;
  readonly #address: string;
  readonly #client: Deno.HttpClient;
  readonly #keys = new Map<string, ArrayBuffer>();
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #random: () => number;
  readonly #waiting = new Set<(isMine: boolean) => void>();
  #underway = 0;
  readonly #closed = new AbortController();

  constructor(options: ObjectOptions, { sleep, random = Math.random }: RequestParts = {}) {
    this.#options = options;
    this.#address = addressOf(options);
    this.where = `${new URL(options.endpoint).host}, bucket ${options.bucket}`;
    this.#client = Deno.createHttpClient({
      poolMaxIdlePerHost: AT_ONCE,
      ...(options.ca ? { caCerts: [options.ca] } : {}),
    });
    this.#sleep = sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    this.#random = random;
  }

  /** Asks, again where that may help. A 2xx or what is in `also` is an answer. */
  async ask(asked: Asked): Promise<Answered> {
    const hash = digest("sha256", asked.body ?? EMPTY).toHex();
    const until = Date.now() + PATIENCE_MS;
    for (let attempt = 1;; attempt++) {
      const result = await this.#attempt(asked, hash);
      if (!(result instanceof Failed)) return result;
      if (!result.again || attempt >= ATTEMPTS || Date.now() > until || this.#closed.signal.aborted) throw result.error;
      const wait = FIRST_WAIT_MS * 4 ** (attempt - 1) * (0.5 + this.#random());
      await this.#sleep(Math.min(LONGEST_WAIT_MS, Math.max(wait, result.afterMs)));
    }
  }

  close(): void {
    this.#closed.abort();
    this.#client.close();
  }

  async #attempt(asked: Asked, hash: string): Promise<Answered | Failed> {
    if (!await this.#enter()) {
      const why = "too many other requests wait for an answer";
      return new Failed(new Unreachable(this.where, asked.doing, why, undefined), false);
    }
    try {
      return await this.#once(asked, hash);
    } finally {
      const next = this.#waiting.values().next().value;
      if (next) next(true);
      else this.#underway--;
    }
  }

  /** One exchange. An answer may be silent for so long, and takes no longer than a line that is worth its name. */
  async #once(asked: Asked, hash: string): Promise<Answered | Failed> {
    const { timeoutMs = TIMEOUT_MS } = this.#options;
    const ended = new AbortController();
    const end = () => ended.abort();
    this.#closed.signal.addEventListener("abort", end);
    const octets = (asked.body?.length ?? 0) + (asked.range?.length ?? TEXT_LIMIT);
    const whole = setTimeout(end, timeoutMs + octets / SLOWEST * 1000);
    let timer = setTimeout(end, timeoutMs + (asked.body?.length ?? 0) / SLOWEST * 1000);
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(end, timeoutMs);
    };
    try {
      const response = await fetch(await this.#sign(asked, hash), { client: this.#client, signal: ended.signal });
      heard();
      const { status, headers } = response;
      const isAnswer = response.ok || asked.also?.includes(status) === true;
      const skip = isAnswer && status === 200 ? asked.range?.start ?? 0 : 0; // a server without ranges
      const most = status >= 300 ? ERROR_LIMIT : asked.range?.length ?? TEXT_LIMIT;
      const body = await readBody(response, skip, most, heard);
      if (isAnswer) return { status, headers, octets: body };
      return refused(refusalOf(this.where, asked.doing, status, decoder.decode(body)), headers);
    } catch (error) {
      if (error instanceof StorageError) return new Failed(error, false);
      const why = this.#closed.signal.aborted
        ? "the store is closed"
        : ended.signal.aborted
        ? "no answer in time"
        : reasonOf(error);
      return new Failed(new Unreachable(this.where, asked.doing, why, error), true);
    } finally {
      clearTimeout(timer);
      clearTimeout(whole);
      this.#closed.signal.removeEventListener("abort", end);
    }
  }

  /** The hash of what is sent is signed too: an object that was acknowledged is what was sent. */
  async #sign({ method, key, query = {}, body, range }: Asked, hash: string): Promise<Request> {
    const url = new URL(this.#address + key);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const { accessKeyId, secretAccessKey, region } = this.#options;
    const headers = new Headers({ "x-amz-content-sha256": hash });
    if (range) headers.set("range", `bytes=${range.start}-${range.start + range.length - 1}`);
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers,
      accessKeyId,
      secretAccessKey,
      region,
      service: "s3",
      cache: this.#keys,
    });
    const signed = await signer.sign();
    return new Request(signed.url, { method, headers: signed.headers, redirect: "manual", ...(body && { body }) });
  }

  /** A turn, handed over by who had one before; false where none comes in time. */
  async #enter(): Promise<boolean> {
    if (this.#underway < AT_ONCE) {
      this.#underway++;
      return true;
    }
    return await new Promise<boolean>((resolve) => {
      const turn = (isMine: boolean): void => {
        this.#waiting.delete(turn);
        clearTimeout(timer);
        resolve(isMine);
      };
      const { timeoutMs = TIMEOUT_MS } = this.#options;
      const timer = setTimeout(() => turn(false), TURNS * timeoutMs);
      this.#waiting.add(turn);
    });
  }
}

class Failed {
  readonly error: StorageError;
  readonly again: boolean;
  /** The other side's wish. */
  readonly afterMs: number;

  constructor(error: StorageError, again: boolean, afterMs = 0) {
    this.error = error;
    this.again = again;
    this.afterMs = afterMs;
  }
}

const decoder = new TextDecoder();

function refused(error: ObjectRefusal, headers: Headers): Failed {
  const after = Number(headers.get("retry-after") ?? 0);
  return new Failed(error, isPassing(error), Number.isFinite(after) ? Math.max(0, after) * 1000 : 0);
}

/** Reads a body; rejects where it ends before its time, stops where it is longer than wanted. */
async function readBody(response: Response, skip: number, most: number, heard: () => void): Promise<Uint8Array> {
  if (!response.body) return EMPTY;
  const stated = response.headers.get("content-length");
  const expected = stated === null ? null : Math.min(most, Math.max(0, Number(stated) - skip));
  const limit = expected ?? most;
  const pieces: Uint8Array[] = [];
  const reader = response.body.getReader();
  let filled = 0;
  for (let passed = 0; filled < limit;) {
    const { done, value } = await reader.read();
    if (done) break;
    heard();
    const wanted = value.subarray(Math.max(0, skip - passed)).subarray(0, limit - filled);
    passed += value.length;
    filled += wanted.length;
    pieces.push(wanted);
  }
  await reader.cancel();
  if (expected !== null && filled < expected) throw new Error("the answer ended too early");
  return pieces.length === 1 ? pieces[0]! : concatBytes(pieces);
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return (cause instanceof Error ? cause.message : message).replace(/\s*\(https?:[^)]*\)/g, "").slice(0, 200);
}
