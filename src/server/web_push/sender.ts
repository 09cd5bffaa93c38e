/** One message to one push service: sealed, signed, sent once. */
import { randomBytes } from "node:crypto";
import { decodeBase64Url } from "../../base/base64.ts";
import type { PushSubscription } from "../../jmap/mod.ts";
import {
  type PushAnswer,
  pushAnswer,
  type PushKeys,
  type PushMessage,
  pushRequest,
  vapidAuthorization,
  type VapidKey,
} from "../../web_push/mod.ts";
import type { Clock } from "../clock.ts";
import { OutwardRefusal, type OutwardRequest } from "../tls_policy/outward_request.ts";
import { freshPrivateKey } from "./keys.ts";

export interface SenderParts {
  /** Leads to no private network, and follows no redirect. */
  readonly request: OutwardRequest;
  readonly clock: Clock;
  readonly key: () => Promise<VapidKey>;
  /** A `mailto:` or `https:` URI of whoever runs this server. */
  readonly subject: string;
}

const ANSWER_MS = 20_000;
/** A token is used again for so long, for so many push services. */
const TOKEN_MS = 3_600_000;
const TOKENS = 1000;

export class PushSender {
  readonly #parts: SenderParts;
  readonly #tokens = new Map<string, { readonly text: string; readonly until: number }>();

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Never rejects: what does not work is to be tried later. */
  async send({ url, keys }: PushSubscription, message: PushMessage, signal: AbortSignal): Promise<Sent> {
    const over = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const authorization = await this.#authorization(new URL(url).origin);
      const sealed = keys && { keys: pushKeys(keys), secrets: freshSecrets() };
      const { headers, body } = pushRequest(message, sealed, authorization);
      const response = await this.#parts.request(url, {
        method: "POST",
        headers,
        body: body as BodyInit,
        signal: over,
      });
      const answer = pushAnswer(response.status, response.headers.get("retry-after"), this.#parts.clock.wall());
      await response.body?.cancel(); // what it says beside its status is for nobody
      return { answer, detail: String(response.status) };
    } catch (error) {
      const isRefused = error instanceof OutwardRefusal;
      return { answer: { kind: "later", tooOften: false, waitMs: null }, detail: (error as Error).message, isRefused };
    }
  }

  async #authorization(origin: string): Promise<string> {
    const now = this.#parts.clock.wall();
    const known = this.#tokens.get(origin);
    if (known && known.until > now) return known.text;
    const text = vapidAuthorization(await this.#parts.key(), origin, this.#parts.subject, now);
    this.#tokens.delete(origin);
    this.#tokens.set(origin, { text, until: now + TOKEN_MS });
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > TOKENS && oldest !== undefined) this.#tokens.delete(oldest);
    return text;
  }
}

/** What came of it, and why, for the log. */
export interface Sent {
  readonly answer: PushAnswer;
  readonly detail: string;
  /** Nobody was asked: the URL leads where we do not go. */
  readonly isRefused?: boolean;
}

function pushKeys({ p256dh, auth }: NonNullable<PushSubscription["keys"]>): PushKeys {
  return { p256dh: decodeBase64Url(p256dh)!, auth: decodeBase64Url(auth)! };
}

function freshSecrets() {
  return { privateKey: freshPrivateKey(), salt: new Uint8Array(randomBytes(16)) };
}
