/**
 * Public keys of strangers. An RSA key is taken apart here before any arithmetic is done with it: its size and its
 * exponent decide how much work it makes.
 */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";

/** RFC 8301 section 3.2: these must be taken, and smaller ones must not. */
const RSA_BITS = [1024, 4096] as const;
/** 4096 bits with everything around them take less. */
const OCTETS_LIMIT = 1100;
/** AlgorithmIdentifier of rsaEncryption (RFC 8017 appendix A.1), its parameters left out. */
const RSA_OID = "2a864886f70d010101";
/** SubjectPublicKeyInfo of an Ed25519 key, up to the key (RFC 8410 section 10.1). */
const ED25519_SPKI = Uint8Array.fromHex("302a300506032b6570032100");

/** A key that can be used, or why not. */
export type PublicKey =
  | { readonly key: KeyObject; readonly type: "rsa" | "ed25519"; readonly signatureLength: number }
  | { readonly unfit: "malformed" | "weak" | "huge" };

/** The key of p= (RFC 6376 section 3.6.1, RFC 8463 section 4). */
export function publicKey(type: "rsa" | "ed25519", octets: Uint8Array): PublicKey {
  return type === "rsa" ? rsaKey(octets) : ed25519Key(octets);
}

/** Whether `signature` is one of `data` by that key. */
export function verifySignature(key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  if ("unfit" in key || signature.length !== key.signatureLength) return false;
  try {
    if (key.type === "rsa") return verify("sha256", data, key.key, signature);
    // RFC 8463 section 3: PureEdDSA over the SHA-256 of the data.
    return verify(null, createHash("sha256").update(data).digest(), key.key, signature);
  } catch {
    return false; // a key that is well formed, but of numbers that cannot be calculated with
  }
}

function ed25519Key(octets: Uint8Array): PublicKey {
  if (octets.length !== 32) return { unfit: "malformed" };
  const der = new Uint8Array(44);
  der.set(ED25519_SPKI);
  der.set(octets, ED25519_SPKI.length);
  return imported(() => createPublicKey({ key: der as never, format: "der", type: "spki" }), "ed25519", 64);
}

function rsaKey(octets: Uint8Array): PublicKey {
  if (octets.length > OCTETS_LIMIT) return { unfit: "huge" };
  const numbers = rsaNumbers(octets);
  if (numbers === null) return { unfit: "malformed" };
  const { modulus, exponent } = numbers;
  const bits = modulus.length === 0 ? 0 : modulus.length * 8 - Math.clz32(modulus[0]!) + 24;
  if (bits < RSA_BITS[0]) return { unfit: "weak" };
  if (bits > RSA_BITS[1] || exponent.length > 4) return { unfit: "huge" };
  // An even modulus or exponent is no RSA key, and an exponent of one signs nothing.
  const odd = (modulus.at(-1)! & 1) === 1 && exponent.length > 0 && (exponent.at(-1)! & 1) === 1;
  if (!odd || (exponent.length === 1 && exponent[0]! < 3)) return { unfit: "malformed" };
  const jwk = { kty: "RSA", n: base64Url(modulus), e: base64Url(exponent) };
  return imported(() => createPublicKey({ key: jwk, format: "jwk" }), "rsa", modulus.length);
}

function imported(read: () => KeyObject, type: "rsa" | "ed25519", signatureLength: number): PublicKey {
  try {
    return { key: read(), type, signatureLength };
  } catch {
    return { unfit: "malformed" };
  }
}

/** A bare RSAPublicKey, as RFC 6376 says, or one in a SubjectPublicKeyInfo, as everybody publishes it. */
function rsaNumbers(octets: Uint8Array): { readonly modulus: Uint8Array; readonly exponent: Uint8Array } | null {
  const outer = sequence(octets);
  if (outer === null) return null;
  const first = element(outer, 0);
  if (first === null) return null;
  if (first.tag === 0x02) {
    const second = element(outer, first.end);
    if (second?.tag !== 0x02 || second.end !== outer.length) return null;
    return { modulus: withoutZeros(first.content), exponent: withoutZeros(second.content) };
  }
  const oid = first.tag === 0x30 ? element(first.content, 0) : null;
  if (oid?.tag !== 0x06 || oid.content.toHex() !== RSA_OID) return null;
  const bits = element(outer, first.end);
  if (bits?.tag !== 0x03 || bits.end !== outer.length || bits.content[0] !== 0) return null;
  const inner = bits.content.subarray(1);
  const content = sequence(inner);
  return content !== null && element(content, 0)?.tag === 0x02 ? rsaNumbers(inner) : null;
}

/** The content of a SEQUENCE that is all of `octets`. */
function sequence(octets: Uint8Array): Uint8Array | null {
  const found = element(octets, 0);
  return found?.tag === 0x30 && found.end === octets.length ? found.content : null;
}

/** One element of DER: lengths of up to two octets are all that is needed here. */
function element(octets: Uint8Array, at: number): { tag: number; content: Uint8Array; end: number } | null {
  const tag = octets[at];
  let length = octets[at + 1];
  if (tag === undefined || length === undefined) return null;
  let start = at + 2;
  if (length === 0x81) length = octets[start++] ?? Infinity;
  else if (length === 0x82) length = (octets[start++] ?? Infinity) * 256 + (octets[start++] ?? Infinity);
  else if (length > 0x7f) return null;
  const end = start + length;
  return end <= octets.length ? { tag, content: octets.subarray(start, end), end } : null;
}

function withoutZeros(octets: Uint8Array): Uint8Array {
  let at = 0;
  while (at < octets.length && octets[at] === 0) at++;
  return octets.subarray(at);
}

function base64Url(octets: Uint8Array): string {
  return octets.toBase64({ alphabet: "base64url", omitPadding: true });
}
