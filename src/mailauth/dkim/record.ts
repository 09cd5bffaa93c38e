/** The TXT record of a public key (RFC 6376 section 3.6, RFC 8463 section 4). */
import { createPublicKey } from "node:crypto";
import { encodeBase64 } from "../../base/base64.ts";

/** Octets of one string of a TXT record (RFC 1035 section 3.3). */
const STRING = 255;

/** A record as text and as zone files want it. */
export interface DkimRecord {
  /** All of it, which is what verifiers read. */
  readonly text: string;
  /** The same in strings of at most 255 octets. */
  readonly strings: readonly string[];
}

/** The record of a public key in PEM (SubjectPublicKeyInfo); throws where that is no RSA or Ed25519 key. */
export function dkimRecord(publicKeyPem: string): DkimRecord {
  const key = createPublicKey(publicKeyPem);
  const type = key.asymmetricKeyType;
  if (type !== "rsa" && type !== "ed25519") throw new TypeError(`DKIM has no keys of type ${type}`);
  const spki = new Uint8Array(key.export({ type: "spki", format: "der" }));
  // RFC 8463 section 4: an Ed25519 key is its 32 octets alone.
  const text = `v=DKIM1; k=${type}; p=${encodeBase64(type === "rsa" ? spki : spki.subarray(-32))}`;
  const strings = [];
  for (let at = 0; at < text.length; at += STRING) strings.push(text.slice(at, at + STRING));
  return { text, strings };
}
