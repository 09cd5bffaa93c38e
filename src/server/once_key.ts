/**
 * A request under a key of the sender's choosing is one message, however often it comes: within a day it has the same
 * answer. A record; while the request is under way it names the message that it makes, so that after a crash it is known
 * whether that came to be.
 */
import { utf8Bytes } from "../base/bytes.ts";
import { digest } from "../base/hash.ts";
import type { AccountId, SessionId, TraceId } from "../contract/mod.ts";
import type { Storage } from "../storage/storage.ts";

const REMEMBERED_MS = 24 * 3600_000;
/** A request that took longer has died with its server. */
const LONGEST_MS = 15 * 60_000;

type Kept<A> =
  | { readonly sessionId: SessionId; readonly until: number }
  /** `request` is a digest of all that was asked for, in base64. */
  | { readonly request: string; readonly answer: A };

/** What is known of a key. */
export type KeyState<A> =
  /** It is the caller's now: end with `finish` or `release`. */
  | { readonly kind: "taken"; readonly sessionId: SessionId }
  | { readonly kind: "underWay" }
  | { readonly kind: "done"; readonly request: string; readonly answer: A };

export interface OnceKeyParts {
  readonly storage: Pick<Storage, "perform">;
  readonly kind: "sendKey" | "inboundSeen";
  /** Keys of one are not those of another. */
  readonly owner: string;
  /** What goes with this account goes with it. */
  readonly accountId?: AccountId | null;
}

/** One key; answers are of type `A`, as JSON. */
export class OnceKey<A> {
  readonly #parts: OnceKeyParts;
  readonly #key: string;

  constructor(key: string, parts: OnceKeyParts) {
    this.#parts = parts;
    this.#key = `${parts.owner}/${digest("sha256", utf8Bytes(key)).toHex()}`;
  }

  /** `cameToBe`: the answer of a request that died under way, if its message is in the store. */
  async take(
    sessionId: SessionId,
    now: number,
    cameToBe: (traceId: TraceId) => Promise<A | null>,
  ): Promise<KeyState<A>> {
    const { storage, kind } = this.#parts;
    const found = await storage.perform("record.get", { kind, key: this.#key, now });
    if (found === null) return await this.#begin(sessionId, now, null);
    const kept = JSON.parse(found.value) as Kept<A>;
    if ("answer" in kept) return { kind: "done", ...kept };
    if (kept.until > now) return { kind: "underWay" };
    const answer = await cameToBe(`${kept.sessionId}.1` as TraceId);
    // Of a request that is dead nobody knows what it was: this one is taken for it.
    return answer ? { kind: "done", request: "", answer } : await this.#begin(sessionId, now, found.version);
  }

  async finish(request: string, answer: A, now: number): Promise<void> {
    await this.#put({ request, answer }, now);
  }

  /** Nothing was done: the key is free again. */
  async release(): Promise<void> {
    await this.#parts.storage.perform("record.remove", { kind: this.#parts.kind, key: this.#key });
  }

  async #begin(sessionId: SessionId, now: number, ifVersion: number | null): Promise<KeyState<A>> {
    const taken = await this.#put({ sessionId, until: now + LONGEST_MS }, now, ifVersion);
    return taken ? { kind: "taken", sessionId } : { kind: "underWay" };
  }

  async #put(kept: Kept<A>, now: number, ifVersion?: number | null): Promise<boolean> {
    const { storage, kind, accountId = null } = this.#parts;
    const answer = await storage.perform("record.put", {
      kind,
      key: this.#key,
      value: JSON.stringify(kept),
      now,
      accountId,
      expiresAt: now + REMEMBERED_MS,
      ...(ifVersion === undefined ? {} : { ifVersion }),
    });
    return !("refused" in answer);
  }
}
