/** Who we are to a push service (RFC 8292): a token that it can check, signed by a key that is always the same. */
import { createECDH, createPrivateKey, sign } from "node:crypto";
import { decodeBase64Url, encodeBase64Url } from "../base/base64.ts";
import { utf8Bytes } from "../base/bytes.ts";

/** A pair of keys of P-256, both in base64 for URLs. */
export interface VapidKey {
  /** 32 octets. */
  readonly privateKey: string;
  /** The point, uncompressed: `applicationServerKey` of clients. */
  readonly publicKey: string;
}

/** RFC 8292 section 2: a token holds for a day at most. */
const HOLDS_S = 12 * 3600;

/** The pair that belongs to a private key of 32 octets. Throws where it is none. */
export function vapidKey(privateKey: Uint8Array): VapidKey {
  const pair = createECDH("prime256v1");
  pair.setPrivateKey(privateKey);
  return {
    privateKey: encodeBase64Url(privateKey),
    publicKey: encodeBase64Url(new Uint8Array(pair.getPublicKey())),
  };
}

/**
 * The value of `Authorization` for a push service. `origin` is that of the push URL, `subject` a `mailto:` or `https:` URI
 * of whoever runs this server, `now` milliseconds since 1970.
 */
export function vapidAuthorization(key: VapidKey, origin: string, subject: string, now: number): string {
  const claims = { aud: origin, exp: Math.floor(now / 1000) + HOLDS_S, sub: subject };
  const signed = `${part({ typ: "JWT", alg: "ES256" })}.${part(claims)}`;
  const point = decodeBase64Url(key.publicKey)!;
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: key.privateKey,
    x: encodeBase64Url(point.subarray(1, 33)),
    y: encodeBase64Url(point.subarray(33)),
  };
  const signature = sign("sha256", utf8Bytes(signed), {
    key: createPrivateKey({ key: jwk, format: "jwk" }),
    dsaEncoding: "ieee-p1363", // RFC 7518 section 3.4: two numbers, not DER
  });
  // RFC 8292 section 3.
  return `vapid t=${signed}.${encodeBase64Url(new Uint8Array(signature))}, k=${key.publicKey}`;
}

function part(value: unknown): string {
  return encodeBase64Url(utf8Bytes(JSON.stringify(value)));
}
