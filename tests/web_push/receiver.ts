/** The other end of Web Push, made of WebCrypto alone: a client's keys, and what opens a message for them. */
import { concatBytes, utf8Bytes } from "../../src/base/bytes.ts";
import { encodeBase64Url } from "../../src/base/base64.ts";

export interface Receiver {
  readonly keys: { readonly p256dh: Uint8Array; readonly auth: Uint8Array };
  readonly privateKey: CryptoKey;
}

const ECDH = { name: "ECDH", namedCurve: "P-256" };

export async function makeReceiver(): Promise<Receiver> {
  const pair = await crypto.subtle.generateKey(ECDH, false, ["deriveBits"]) as CryptoKeyPair;
  const p256dh = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { keys: { p256dh, auth: crypto.getRandomValues(new Uint8Array(16)) }, privateKey: pair.privateKey };
}

/** As a client gives them to PushSubscription/set. */
export function keysOf({ keys }: Receiver): { p256dh: string; auth: string } {
  return { p256dh: encodeBase64Url(keys.p256dh), auth: encodeBase64Url(keys.auth) };
}

/** Opens a body of coding aes128gcm with one record. */
export async function openPush(body: Uint8Array, { keys, privateKey }: Receiver): Promise<Uint8Array> {
  const salt = body.slice(0, 16);
  const sender = body.slice(21, 21 + body[20]!);
  const sealed = body.slice(21 + body[20]!);
  const publicKey = await crypto.subtle.importKey("raw", sender, ECDH, false, []);
  const agreed = await crypto.subtle.deriveBits({ name: "ECDH", public: publicKey }, privateKey, 256);
  const info = concatBytes([utf8Bytes("WebPush: info\0"), keys.p256dh, sender]);
  const secret = await derive(new Uint8Array(agreed), keys.auth, info, 256);
  const key = await derive(secret, salt, utf8Bytes("Content-Encoding: aes128gcm\0"), 128);
  const iv = await derive(secret, salt, utf8Bytes("Content-Encoding: nonce\0"), 96);
  const gcm = await crypto.subtle.importKey("raw", key as BufferSource, "AES-GCM", false, ["decrypt"]);
  const padded = new Uint8Array(
    await crypto.subtle.decrypt({ name: "AES-GCM", iv: iv as BufferSource }, gcm, sealed),
  );
  const end = padded.findLastIndex((octet) => octet !== 0);
  if (padded[end] !== 2) throw new Error("not the last record");
  return padded.slice(0, end);
}

async function derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, bits: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", secret as BufferSource, "HKDF", false, ["deriveBits"]);
  const options = { name: "HKDF", hash: "SHA-256", salt: salt as BufferSource, info: info as BufferSource };
  return new Uint8Array(await crypto.subtle.deriveBits(options, key, bits));
}
