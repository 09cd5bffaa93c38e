/** The request that brings one message to a push service (RFC 8030 section 5). */
import { concatBytes, utf8Bytes } from "../base/bytes.ts";
import { encodeBase64Url } from "../base/base64.ts";
import { digest } from "../base/hash.ts";
import { encryptPush, type PushKeys, type PushSecrets } from "./encrypt.ts";

/** How much it matters that a device wakes for it (RFC 8030 section 5.3). */
export type Urgency = "very-low" | "low" | "normal" | "high";

export interface PushMessage {
  /** JSON. */
  readonly body: string;
  /** Seconds that the push service keeps it for a device that is away. */
  readonly ttl: number;
  readonly urgency: Urgency;
  /** A message that waits is replaced by a later one of the same topic; null: never. */
  readonly topic: string | null;
}

/** Header fields and octets of the POST. `sealed`: the client's keys, and fresh ones of ours; null: it has none. */
export function pushRequest(
  message: PushMessage,
  sealed: { readonly keys: PushKeys; readonly secrets: PushSecrets } | null,
  authorization: string | null,
): { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array } {
  const plain = utf8Bytes(message.body);
  return {
    headers: {
      // RFC 8620 section 7.2: JSON where it can be read, else octets (RFC 8291 section 4).
      ...(sealed === null
        ? { "content-type": "application/json" }
        : { "content-type": "application/octet-stream", "content-encoding": "aes128gcm" }),
      "ttl": String(message.ttl),
      "urgency": message.urgency,
      ...(message.topic === null ? {} : { "topic": message.topic }),
      ...(authorization === null ? {} : { "authorization": authorization }),
      "user-agent": "Palomar",
    },
    body: sealed === null ? plain : encryptPush(plain, sealed.keys, sealed.secrets),
  };
}

/** A topic for messages about these things: at most 32 letters (RFC 8030 section 5.4) that say nothing of them. */
export function topicOf(secret: string, things: readonly string[]): string {
  const octets = concatBytes([utf8Bytes(secret), utf8Bytes("\0" + [...things].sort().join("\0"))]);
  return encodeBase64Url(digest("sha256", octets).subarray(0, 24));
}
