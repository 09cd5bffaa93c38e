/** The key by which push services know this server: made once, kept in the store, the same for all nodes. */
import { createECDH } from "node:crypto";
import { decodeBase64Url, encodeBase64Url } from "../../base/base64.ts";
import type { Storage } from "../../storage/storage.ts";
import { type VapidKey, vapidKey } from "../../web_push/mod.ts";

const SETTING = "webpush.key";
const OCTETS = 32;

export async function findVapidKey(storage: Storage): Promise<VapidKey> {
  const made = encodeBase64Url(freshPrivateKey());
  const kept = decodeBase64Url(await storage.perform("setting.init", { name: SETTING, value: made }));
  if (kept?.length !== OCTETS) throw new Error(`the setting ${SETTING} is no key`);
  return vapidKey(kept);
}

/** 32 octets, of P-256. */
export function freshPrivateKey(): Uint8Array {
  const pair = createECDH("prime256v1");
  pair.generateKeys();
  const octets = new Uint8Array(pair.getPrivateKey());
  const whole = new Uint8Array(OCTETS);
  whole.set(octets, OCTETS - octets.length); // a number that begins with zeros may come shorter
  return whole;
}
