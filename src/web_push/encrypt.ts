/**
 * A message that nobody between us and the client reads (RFC 8291): a key agreed on by P-256, and one record of the
 * coding aes128gcm (RFC 8188).
 */
import { createCipheriv, createECDH } from "node:crypto";
import { concatBytes, latin1Bytes } from "../base/bytes.ts";
import { hmac } from "../base/hash.ts";
import { POINT_OCTETS } from "./point.ts";

/** What a client gave out to be written to. */
export interface PushKeys {
  /** Its public key: a point of P-256, uncompressed. */
  readonly p256dh: Uint8Array;
  /** 16 octets that it shares with us alone. */
  readonly auth: Uint8Array;
}

/** What belongs to one message: never the same again. */
export interface PushSecrets {
  /** A private key of P-256, 32 octets. */
  readonly privateKey: Uint8Array;
  /** 16 octets. */
  readonly salt: Uint8Array;
}

const RECORD = 4096;
const SALT = 16;
const TAG = 16;
const HEADER = SALT + 4 + 1 + POINT_OCTETS;
/** RFC 8291 section 4: a push service need not take more than 4096 octets; so much of them may be the message. */
export const LONGEST_PLAIN = RECORD - HEADER - TAG - 1;
const ONE = new Uint8Array([1]);
const LAST_RECORD = new Uint8Array([2]);

/** Encrypts. Throws `RangeError` where the message is too long, and where the client's key is no point. */
export function encryptPush(plain: Uint8Array, keys: PushKeys, secrets: PushSecrets): Uint8Array {
  if (plain.length > LONGEST_PLAIN) throw new RangeError(`a push has at most ${LONGEST_PLAIN} octets`);
  const own = createECDH("prime256v1");
  own.setPrivateKey(secrets.privateKey);
  const ownPoint = new Uint8Array(own.getPublicKey());
  const agreed = new Uint8Array(own.computeSecret(keys.p256dh));
  // RFC 8291 section 3.4: what only the client and we know goes into the key.
  const info = concatBytes([latin1Bytes("WebPush: info\0"), keys.p256dh, ownPoint, ONE]);
  const secret = hmac("sha256", hmac("sha256", keys.auth, agreed), info);
  // RFC 8188 section 2.2: the key and the nonce of the one record.
  const random = hmac("sha256", secrets.salt, secret);
  const key = derive(random, "Content-Encoding: aes128gcm\0", 16);
  const nonce = derive(random, "Content-Encoding: nonce\0", 12);
  const cipher = createCipheriv("aes-128-gcm", key, nonce);
  const sealed = concatBytes([
    new Uint8Array(cipher.update(concatBytes([plain, LAST_RECORD]))),
    new Uint8Array(cipher.final()),
    new Uint8Array(cipher.getAuthTag()),
  ]);
  return concatBytes([secrets.salt, recordSize(), new Uint8Array([POINT_OCTETS]), ownPoint, sealed]);
}

function derive(random: Uint8Array, use: string, length: number): Uint8Array {
  return hmac("sha256", random, concatBytes([latin1Bytes(use), ONE])).subarray(0, length);
}

function recordSize(): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, RECORD);
  return octets;
}
