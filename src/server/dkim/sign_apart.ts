/**
 * Signatures of RSA by another thread of the process: one takes about three milliseconds, in which the loop would stand
 * still. Who has no key here signs at once; Ed25519 does, which takes no time.
 */
import { createPrivateKey } from "node:crypto";
import type { Secret } from "../../base/secret.ts";
import type { DkimSigningKey } from "../../mailauth/mod.ts";

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const keys = new WeakMap<DkimSigningKey, CryptoKey>();

/** Prepares a key for `signApart`. Never rejects: a key that the other thread cannot take signs at once. */
export async function prepareApart(key: DkimSigningKey, privateKey: Secret): Promise<void> {
  if (key.algorithm !== "rsa-sha256") return;
  try {
    const der = createPrivateKey(privateKey.reveal()).export({ type: "pkcs8", format: "der" });
    keys.set(key, await crypto.subtle.importKey("pkcs8", new Uint8Array(der), RSA, false, ["sign"]));
  } catch {
    // it signs at once
  }
}

/** The signature that `key.sign(data)` would give. */
export async function signApart(key: DkimSigningKey, data: Uint8Array): Promise<Uint8Array> {
  const apart = keys.get(key);
  if (apart === undefined) return key.sign(data);
  return new Uint8Array(await crypto.subtle.sign(RSA, apart, new Uint8Array(data)));
}
