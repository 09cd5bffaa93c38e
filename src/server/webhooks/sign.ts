/** Standard Webhooks: `v1,` and the HMAC-SHA256 of id, time and payload, by a secret of 24 to 64 octets. */
import { randomBytes } from "node:crypto";
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { hmac } from "../../base/hash.ts";

const PREFIX = "whsec_";

/** A secret as receivers are given it. */
export function makeSecret(): string {
  return PREFIX + encodeBase64(new Uint8Array(randomBytes(32)));
}

/** Header fields of an attempt; `at` in milliseconds since 1970. Each secret signs. */
export function signedHeaders(
  id: string,
  payload: string,
  secrets: readonly string[],
  at: number,
): Readonly<Record<string, string>> {
  const seconds = String(Math.floor(at / 1000));
  const content = utf8Bytes(`${id}.${seconds}.${payload}`);
  const signatures = secrets.map((secret) => {
    const key = decodeBase64(secret.slice(PREFIX.length)) ?? new Uint8Array(0);
    return `v1,${encodeBase64(hmac("sha256", key, content))}`;
  });
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signatures.join(" ") };
}
