/**
 * A request under a key of the sender's choosing is one message, however often it comes: within a day the same request
 * has the same answer, and another one is refused. A record of kind `sendKey`; while the request is under way it names
 * the message that it makes, so that after a crash it is known whether that came to be.
 */
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import type { SessionId, TraceId } from "../../contract/mod.ts";
import type { SendActor, SentMessage } from "../../http/send_desk.ts";
import { ownerOf, type Records } from "./sent_record.ts";

const REMEMBERED_MS = 24 * 3600_000;
/** A request that took longer has died with its server. */
const LONGEST_MS = 15 * 60_000;

type Kept =
  | { readonly sessionId: SessionId; readonly until: number }
  /** `request` is a digest of all that was asked for, in base64. */
  | { readonly request: string; readonly answer: SentMessage };

/** What is known of a key. */
export type KeyState =
  /** It is the caller's now: end with `finish` or `release`. */
  | { readonly kind: "taken"; readonly sessionId: SessionId }
  | { readonly kind: "underWay" }
  | { readonly kind: "done"; readonly request: string; readonly answer: SentMessage };

export class SendKey {
  readonly #store: Records;
  readonly #actor: SendActor;
  readonly #key: string;

  constructor(key: string, actor: SendActor, store: Records) {
    this.#store = store;
    this.#actor = actor;
    this.#key = `${ownerOf(actor) ?? "server"}/${digest("sha256", utf8Bytes(key)).toHex()}`;
  }

  /** `cameToBe`: whether a message is in the store, for requests that died under way. */
  async take(
    sessionId: SessionId,
    now: number,
    cameToBe: (traceId: TraceId) => Promise<SentMessage | null>,
  ): Promise<KeyState> {
    const found = await this.#store.perform("record.get", { kind: "sendKey", key: this.#key, now });
    if (found === null) return await this.#begin(sessionId, now, null);
    const kept = JSON.parse(found.value) as Kept;
    if ("answer" in kept) return { kind: "done", ...kept };
    if (kept.until > now) return { kind: "underWay" };
    const answer = await cameToBe(`${kept.sessionId}.1` as TraceId);
    // Of a request that is dead nobody knows what it was: this one is taken for it.
    return answer ? { kind: "done", request: "", answer } : await this.#begin(sessionId, now, found.version);
  }

  async finish(request: string, answer: SentMessage, now: number): Promise<void> {
    await this.#put({ request, answer }, now);
  }

  /** Nothing was sent: the key is free again. */
  async release(): Promise<void> {
    await this.#store.perform("record.remove", { kind: "sendKey", key: this.#key });
  }

  async #begin(sessionId: SessionId, now: number, ifVersion: number | null): Promise<KeyState> {
    const taken = await this.#put({ sessionId, until: now + LONGEST_MS }, now, ifVersion);
    return taken ? { kind: "taken", sessionId } : { kind: "underWay" };
  }

  async #put(kept: Kept, now: number, ifVersion?: number | null): Promise<boolean> {
    const answer = await this.#store.perform("record.put", {
      kind: "sendKey",
      key: this.#key,
      value: JSON.stringify(kept),
      now,
      accountId: ownerOf(this.#actor),
      expiresAt: now + REMEMBERED_MS,
      ...(ifVersion === undefined ? {} : { ifVersion }),
    });
    return !("refused" in answer);
  }
}
