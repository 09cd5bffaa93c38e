/** What DANE looks at in a certificate (RFC 5280 section 4.1): its octets, its key, its names, who issued it. */
import { X509Certificate } from "node:crypto";
import { lowerAscii } from "../../base/ascii.ts";
import { latin1String } from "../../base/bytes.ts";
import { derAt, derChildren, type DerElement } from "./der.ts";

/** A certificate of a chain that a server presented. */
export interface ChainCertificate {
  /** The whole certificate, DER. */
  readonly der: Uint8Array;
  /** Its SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** DNS names of its subjectAltName, lower case; `*.` may begin one. */
  readonly names: readonly string[];
  /** The common name of its subject; looked at only where there are no DNS names at all. */
  readonly commonName: string | null;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Whether the next certificate of the chain is an authority and signed this one. */
  readonly issuedByNext: boolean;
}

const CHAIN_LIMIT = 16;
const CERTIFICATE_LIMIT = 64 * 1024;
const NAMES_LIMIT = 2000;
const SUBJECT_ALT_NAME = "\x55\x1d\x11"; // 2.5.29.17
const COMMON_NAME = "\x55\x04\x03"; // 2.5.4.3

/** Reads a chain, the server's own certificate first; null where one of them is broken or there are too many. */
export function readChain(ders: readonly Uint8Array[]): ChainCertificate[] | null {
  if (ders.length === 0 || ders.length > CHAIN_LIMIT) return null;
  const certificates: X509Certificate[] = [];
  for (const der of ders) {
    if (der.length > CERTIFICATE_LIMIT) return null;
    try {
      certificates.push(new X509Certificate(der));
    } catch {
      return null;
    }
  }
  const chain: ChainCertificate[] = [];
  for (const [i, certificate] of certificates.entries()) {
    const parts = readParts(ders[i]!);
    if (parts === null) return null;
    const next = certificates[i + 1];
    chain.push({
      ...parts,
      notBefore: Date.parse(certificate.validFrom),
      notAfter: Date.parse(certificate.validTo),
      issuedByNext: next !== undefined && issued(next, certificate),
    });
  }
  return chain;
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // a key of a kind that is not known here
  }
}

/** The parts that are octets: taken as they stand, since digests are over them. */
function readParts(der: Uint8Array): Pick<ChainCertificate, "der" | "spki" | "names" | "commonName"> | null {
  const whole = derAt(der, 0);
  const tbs = whole && derAt(der, whole.from, whole.end);
  const fields = tbs && derChildren(der, tbs, 20);
  if (!whole || !fields || whole.end !== der.length) return null;
  const version = fields[0]?.tag === 0xa0 ? 1 : 0; // explicit version, then serialNumber, signature, issuer, validity
  const subject = fields[version + 4];
  const spki = fields[version + 5];
  if (!subject || spki?.tag !== 0x30) return null;
  const extensions = fields.find(({ tag }) => tag === 0xa3);
  return {
    der,
    spki: der.slice(spki.start, spki.end),
    names: extensions === undefined ? [] : dnsNames(der, extensions),
    commonName: commonName(der, subject),
  };
}

function dnsNames(der: Uint8Array, extensions: DerElement): string[] {
  const list = derAt(der, extensions.from, extensions.end);
  for (const extension of (list && derChildren(der, list, 100)) ?? []) {
    const parts = derChildren(der, extension, 3);
    const value = parts?.at(-1);
    if (!parts || !value || text(der, parts[0]) !== SUBJECT_ALT_NAME) continue;
    const names = derAt(der, value.from, value.end);
    const general = (names && derChildren(der, names, NAMES_LIMIT)) ?? [];
    return general.filter(({ tag }) => tag === 0x82).map((name) => lowerAscii(text(der, name)));
  }
  return [];
}

function commonName(der: Uint8Array, subject: DerElement): string | null {
  let found: string | null = null;
  for (const set of derChildren(der, subject, 100) ?? []) {
    for (const pair of derChildren(der, set, 10) ?? []) {
      const [type, value] = derChildren(der, pair, 2) ?? [];
      if (value !== undefined && text(der, type) === COMMON_NAME) found = lowerAscii(text(der, value));
    }
  }
  return found;
}

function text(der: Uint8Array, element: DerElement | undefined): string {
  return element === undefined ? "" : latin1String(der, element.from, element.end);
}
