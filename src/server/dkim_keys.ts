/** Making DKIM keys, which needs randomness. */
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { Secret } from "../base/secret.ts";
import { type DkimRecord, dkimRecord } from "../mailauth/mod.ts";

/** RSA for everybody, Ed25519 for those who know it: short, quick, and not yet verified everywhere. */
export type DkimKeyKind = "rsa" | "ed25519";

/** A fresh key. */
export interface GeneratedDkimKey {
  /** PEM, PKCS #8. */
  readonly privateKey: Secret;
  /** What is to be published at `<selector>._domainkey.<domain>`. */
  readonly record: DkimRecord;
}

/** Makes a key: RSA of 2048 bits (RFC 8301 section 3.2) takes about a second, beside other work. */
export async function generateDkimKey(kind: DkimKeyKind): Promise<GeneratedDkimKey> {
  const make = promisify(generateKeyPair) as (type: string, options: object) => Promise<{
    publicKey: string;
    privateKey: string;
  }>;
  const { publicKey, privateKey } = await make(kind, {
    ...(kind === "rsa" ? { modulusLength: 2048 } : {}),
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return { privateKey: new Secret(privateKey), record: dkimRecord(publicKey) };
}
