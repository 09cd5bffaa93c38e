/**
 * Writes X.509 certificates (RFC 5280) with ECDSA P-256 keys: as much of DER as that takes, and no more. It makes the
 * certificates of a demonstration and of tests; public ones come from an ACME authority.
 */
import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { concatBytes, utf8Bytes } from "../base/bytes.ts";

export interface CertificateRequest {
  /** Common name of the subject. */
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuer: { readonly subject: string; readonly privateKey: KeyObject };
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /**
   * DNS names and IP addresses of a server, or the addresses of a person; null makes a CA that signs their certificates
   * and no other CAs'.
   */
  readonly names: readonly string[] | null;
}

/** The certificate, signed, as PEM. */
export function makeCertificate(request: CertificateRequest): string {
  const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));
  const body = sequence(
    tagged(0xa0, der(0x02, Uint8Array.of(2))), // version 3
    der(0x02, concatBytes([Uint8Array.of(0x4d), randomBytes(15)])), // serialNumber: positive, unguessable
    ecdsaWithSha256,
    name(request.issuer.subject),
    sequence(time(request.notBefore), time(request.notAfter)),
    name(request.subject),
    publicKeyInfo(request.publicKey),
    tagged(0xa3, sequence(...extensions(request))),
  );
  const signature = new Uint8Array(sign("sha256", body, request.issuer.privateKey));
  const whole = sequence(body, ecdsaWithSha256, bitString(signature));
  const base64 = btoa(String.fromCharCode(...whole)).replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

function extensions(request: CertificateRequest): Uint8Array[] {
  const keyIds = [
    extension("2.5.29.14", false, der(0x04, keyId(request.publicKey))),
    extension("2.5.29.35", false, sequence(der(0x80, keyId(createPublicKey(request.issuer.privateKey))))),
  ];
  if (request.names === null) {
    return [
      // RFC 5280 section 4.2.1.9: cA with pathLenConstraint 0: no CA below this one.
      extension("2.5.29.19", true, sequence(der(0x01, Uint8Array.of(0xff)), der(0x02, Uint8Array.of(0)))),
      extension("2.5.29.15", true, der(0x03, Uint8Array.of(1, 0x06))), // keyCertSign, cRLSign
      ...keyIds,
    ];
  }
  return [
    extension("2.5.29.19", true, sequence()),
    extension("2.5.29.15", true, der(0x03, Uint8Array.of(7, 0x80))), // digitalSignature
    extension("2.5.29.37", false, sequence(oid(isPerson(request.names) ? CLIENT_AUTH : SERVER_AUTH))),
    extension("2.5.29.17", false, sequence(...request.names.map(generalName))),
    ...keyIds,
  ];
}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

function isPerson(names: readonly string[]): boolean {
  return names.every((text) => text.includes("@"));
}

/** RFC 5280 section 4.2.1.6: rfc822Name [1], dNSName [2], iPAddress [7]. */
function generalName(text: string): Uint8Array {
  if (text.includes("@")) return der(0x81, utf8Bytes(text));
  if (isIP(text) === 0) return der(0x82, utf8Bytes(text));
  if (isIP(text) === 4) return der(0x87, Uint8Array.from(text.split("."), Number));
  const [head = "", tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = !tail ? [] : tail.split(":");
  const words = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return der(0x87, Uint8Array.from(words.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 255])));
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...(critical ? [der(0x01, Uint8Array.of(0xff))] : []), der(0x04, value));
}

function publicKeyInfo(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }));
}

/** RFC 5280 section 4.2.1.2, method 1, but over the whole key info: any value that is the same on both sides will do. */
function keyId(key: KeyObject): Uint8Array {
  return new Uint8Array(createHash("sha1").update(publicKeyInfo(key)).digest());
}

function name(common: string): Uint8Array {
  return sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, utf8Bytes(common)))));
}

/** RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
function time(at: number): Uint8Array {
  const digits = new Date(at).toISOString().replace(/\.\d+|[-:T]/g, "");
  return digits < "2050" ? der(0x17, utf8Bytes(digits.slice(2))) : der(0x18, utf8Bytes(digits));
}

function bitString(bytes: Uint8Array): Uint8Array {
  return der(0x03, concatBytes([Uint8Array.of(0), bytes]));
}

function sequence(...parts: Uint8Array[]): Uint8Array {
  return der(0x30, concatBytes(parts));
}

function tagged(tag: number, inner: Uint8Array): Uint8Array {
  return der(tag, inner);
}

function oid(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [40 * first + second];
  for (const arc of rest) {
    const groups = [arc & 127];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 127) | 128);
    bytes.push(...groups);
  }
  return der(0x06, Uint8Array.from(bytes));
}

function der(tag: number, value: Uint8Array): Uint8Array {
  const size = value.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return concatBytes([Uint8Array.from([tag, ...length]), value]);
}
