/**
 * Certificates for a server without any: a CA of its own, made once and kept in a folder, and a certificate by it.
 * Clients that trust `caFile` can be strict; nobody else is asked to trust it.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { makeCertificate } from "./x509_der.ts";

export interface DemoCertificate {
  /** For clients to trust. */
  readonly caFile: string;
  /** The server's certificate with the CA's behind it. */
  readonly certFile: string;
  readonly keyFile: string;
}

const DAY = 86_400_000;
const CA_DAYS = 3_650;
/** The longest that clients accept for certificates of a private CA. */
const SERVER_DAYS = 825;
/** With less than this left, a certificate is made anew. */
const RENEW_DAYS = 30;
const CA_NAME = "Palomar demonstration CA";

/**
 * Makes what is missing, near its end or for other names; keeps what is good. `names` are DNS names and IP addresses,
 * the first is the subject. Keys are files of mode 0600, written whole or not at all.
 */
export async function ensureDemoCertificate(
  folder: string,
  names: readonly string[],
  now: number = Date.now(),
): Promise<DemoCertificate> {
  if (names.length === 0) throw new Error("a certificate needs a name");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files: DemoCertificate = {
    caFile: join(folder, "ca.pem"),
    certFile: join(folder, "server.pem"),
    keyFile: join(folder, "server.key"),
  };
  const ca = await ensureCa(files.caFile, join(folder, "ca.key"), now);
  const present = await readPair(files.certFile, files.keyFile);
  if (
    present && isFresh(present.certificate, now) && bears(present.certificate, names) && isBy(present.certificate, ca)
  ) {
    return files;
  }
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = makeCertificate({
    subject: names[0]!,
    publicKey: keys.publicKey,
    issuer: { subject: CA_NAME, privateKey: ca.key },
    notBefore: now - DAY,
    notAfter: Math.min(now + (SERVER_DAYS - 1) * DAY, Date.parse(ca.certificate.validTo)),
    names: [...new Set(names)],
  });
  await writeWhole(files.keyFile, pemOf(keys.privateKey), 0o600);
  await writeWhole(files.certFile, certificate + ca.pem, 0o644);
  return files;
}

interface Pair {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  readonly pem: string;
}

async function ensureCa(certFile: string, keyFile: string, now: number): Promise<Pair> {
  const present = await readPair(certFile, keyFile);
  if (present && isFresh(present.certificate, now)) return present;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = makeCertificate({
    subject: CA_NAME,
    publicKey,
    issuer: { subject: CA_NAME, privateKey },
    notBefore: now - DAY,
    notAfter: now + CA_DAYS * DAY,
    names: null,
  });
  await writeWhole(keyFile, pemOf(privateKey), 0o600);
  await writeWhole(certFile, pem, 0o644);
  return { certificate: new X509Certificate(pem), key: privateKey, pem };
}

/** Null where files are missing, broken or do not belong together: then they are made anew. */
async function readPair(certFile: string, keyFile: string): Promise<Pair | null> {
  try {
    const [pem, keyPem] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
    const certificate = new X509Certificate(pem);
    const key = createPrivateKey(keyPem);
    return certificate.checkPrivateKey(key) ? { certificate, key, pem } : null;
  } catch {
    return null;
  }
}

function isFresh(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validTo) - now > RENEW_DAYS * DAY && Date.parse(certificate.validFrom) <= now;
}

function bears(certificate: X509Certificate, names: readonly string[]): boolean {
  return names.every((name) =>
    isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined
  );
}

function isBy(certificate: X509Certificate, ca: Pair): boolean {
  return certificate.verify(createPublicKey(ca.key));
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}

async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const draft = `${file}.new`;
  await writeFile(draft, text, { mode });
  await chmod(draft, mode); // a draft that was left behind keeps its old mode
  await rename(draft, file);
}
