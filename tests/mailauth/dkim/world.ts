/** A world of one message and a few TXT records, for the programs of DKIM and ARC. */
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { latin1Bytes } from "../../../src/base/bytes.ts";
import { Secret } from "../../../src/base/secret.ts";
import type { BlobId, DnsAnswer } from "../../../src/contract/mod.ts";
import {
  dkimRecord,
  type DkimResult,
  DkimSigningKey,
  type DkimVerification,
  type DkimVerifyOptions,
  signDkim,
  verifyDkim,
} from "../../../src/mailauth/mod.ts";
import type { Answers } from "../../support/run_machine.ts";
import { runProgram } from "../../support/run_program.ts";

export const NOW = Date.UTC(2026, 0, 15);
export const BLOB = "b1" as BlobId;

/** TXT records by name; a string is one record; `fail` does not answer. */
export type Zones = Readonly<Record<string, string | readonly string[] | "fail">>;

/** LF to CRLF, and latin1 to octets. */
export function octets(text: string): Uint8Array {
  return latin1Bytes(text.replace(/\r?\n/g, "\r\n"));
}

/** Answers for a message of these octets. `page`: how many octets a question gets at most. */
export function worldOf(message: Uint8Array, zones: Zones = {}, page = Infinity): Answers {
  return {
    "blob.read": ({ start, end }) => message.slice(start, Math.min(end, start + page)),
    "dns.resolve": ({ name }) => txt(zones, name),
  };
}

export function txt(zones: Zones, name: string): DnsAnswer {
  const found = Object.hasOwn(zones, name) ? zones[name]! : null;
  if (found === "fail") return { kind: "tempfail", reason: "timeout" };
  if (found === null) return { kind: "nxdomain", authenticated: false, ttl: 60 };
  const records = [found].flat().map((text) => ({ type: "TXT" as const, text: text as string }));
  return { kind: "ok", records, canonicalName: name, authenticated: false, ttl: 60 };
}

export function verification(
  message: Uint8Array,
  zones: Zones,
  options: Partial<DkimVerifyOptions> = {},
  page = Infinity,
): DkimVerification {
  const program = verifyDkim({ blobId: BLOB, size: message.length }, { now: NOW, ...options });
  return runProgram(program, worldOf(message, zones, page)).result;
}

/** The results of a message. */
export function verify(
  message: Uint8Array,
  zones: Zones,
  options: Partial<DkimVerifyOptions> = {},
): readonly DkimResult[] {
  return verification(message, zones, options).results;
}

/** A key pair with its record. */
export interface TestKey {
  readonly pem: string;
  readonly record: string;
  readonly key: DkimSigningKey;
  readonly name: string;
}

/** RFC 8463 appendix A.1: a key that everybody knows. */
const RSA_PEM = `-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
`;

/** The same key for the same name, always. */
export function testKey(kind: "rsa" | "ed25519", domain: string, selector: string): TestKey {
  if (kind === "rsa") return keyOf(RSA_PEM, domain, selector);
  const seed = createHash("sha256").update(`${selector}.${domain}`).digest("hex");
  const der = Uint8Array.fromHex("302e020100300506032b657004220420" + seed); // RFC 8410 section 7
  return keyOf(`-----BEGIN PRIVATE KEY-----\n${der.toBase64()}\n-----END PRIVATE KEY-----\n`, domain, selector);
}

export function keyOf(pem: string, domain: string, selector: string): TestKey {
  const key = DkimSigningKey.read({ domain, selector, privateKey: new Secret(pem) });
  if (typeof key === "string") throw new Error(`the key is ${key}`);
  const spki = createPublicKey(createPrivateKey(pem)).export({ type: "spki", format: "pem" }) as string;
  return { pem, record: dkimRecord(spki).text, key, name: `${selector}._domainkey.${domain}` };
}

/** The records of these keys. */
export function zonesOf(...keys: readonly TestKey[]): Record<string, string> {
  return Object.fromEntries(keys.map(({ name, record }) => [name, record]));
}

/** The message with our signatures before it. */
export function signed(message: Uint8Array, keys: readonly TestKey[], now = NOW, expiresIn?: number): Uint8Array {
  const options = { now, keys: keys.map(({ key }) => key), ...(expiresIn === undefined ? {} : { expiresIn }) };
  const { result } = runProgram(signDkim({ blobId: BLOB, size: message.length }, options), worldOf(message));
  if ("refused" in result) throw new Error(result.refused);
  return new Uint8Array([...latin1Bytes(result.fields), ...message]);
}
