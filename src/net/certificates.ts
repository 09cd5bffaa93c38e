/**
 * The server's certificates: which one a client gets by the name it asks for (SNI, RFC 6066 section 3), reload
 * without a restart, and when they expire. A pair that cannot be used never replaces one that can.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import { lowerAscii } from "../base/ascii.ts";

/** PEM files: the certificate with its chain, and its key. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What is known of one certificate in use, for the metrics and the log. */
export interface CertificateState {
  readonly certFile: string;
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

/** What a reload did with one pair. */
export type ReloadReport =
  | { readonly certFile: string; readonly ok: true }
  | { readonly certFile: string; readonly ok: false; readonly error: string };

interface Loaded {
  readonly files: CertificateFiles;
  readonly cert: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly notAfter: number;
  readonly context: SecureContext;
}

/** The most names that one certificate is asked to serve. */
const MAX_NAMES = 1_000;

export class Certificates {
  #loaded: readonly Loaded[];
  #byName: ReadonlyMap<string, Loaded>;
  readonly #changed = new Set<() => void>();
  /** PEM of those whose word on clients is taken, or null: then clients are not asked for a certificate. */
  readonly clientAuthorities: string | null;

  private constructor(loaded: readonly Loaded[], clientAuthorities: string | null) {
    this.clientAuthorities = clientAuthorities;
    this.#loaded = loaded;
    this.#byName = namesOf(loaded);
  }

  /** Reads all pairs; rejects, naming the file, when one cannot be used. The first is for clients without SNI. */
  static async load(
    files: readonly CertificateFiles[],
    clientAuthorities: string | null = null,
  ): Promise<Certificates> {
    if (files.length === 0) throw new Error("no certificate is configured");
    const loaded = await Promise.all(files.map((pair) => loadPair(pair, clientAuthorities)));
    return new Certificates(loaded, clientAuthorities);
  }

  /** The pair for clients that name no host, or one we do not know. */
  get default(): { readonly cert: string; readonly key: string } {
    return this.#loaded[0]!;
  }

  /** The context for a name: exact, else the wildcard one label up (RFC 6125 section 6.4.3), else the default. */
  context(serverName: string): SecureContext {
    const name = lowerAscii(serverName.endsWith(".") ? serverName.slice(0, -1) : serverName);
    const dot = name.indexOf(".");
    const found = this.#byName.get(name) ?? (dot > 0 ? this.#byName.get("*" + name.slice(dot)) : undefined);
    return (found ?? this.#loaded[0]!).context;
  }

  /** Reads all files again (or other files). Where a pair is bad the old one of the same file stays. */
  async reload(files: readonly CertificateFiles[] = this.#loaded.map((one) => one.files)): Promise<ReloadReport[]> {
    const old = new Map(this.#loaded.map((one) => [one.files.certFile, one]));
    const reports: ReloadReport[] = [];
    const kept: Loaded[] = [];
    for (const pair of files) {
      try {
        kept.push(await loadPair(pair, this.clientAuthorities));
        reports.push({ certFile: pair.certFile, ok: true });
      } catch (error) {
        const before = old.get(pair.certFile);
        if (before) kept.push(before);
        reports.push({ certFile: pair.certFile, ok: false, error: String(error) });
      }
    }
    if (kept.length > 0) {
      this.#loaded = kept;
      this.#byName = namesOf(kept);
      for (const tell of this.#changed) tell();
    }
    return reports;
  }

  /** Calls `tell` after each reload until the result is called. */
  onChange(tell: () => void): () => void {
    this.#changed.add(tell);
    return () => void this.#changed.delete(tell);
  }

  states(): CertificateState[] {
    return this.#loaded.map(({ files, names, notAfter }) => ({ certFile: files.certFile, names, notAfter }));
  }
}

async function loadPair(files: CertificateFiles, ca: string | null): Promise<Loaded> {
  try {
    const [cert, key] = await Promise.all([readFile(files.certFile, "utf8"), readFile(files.keyFile, "utf8")]);
    const leaf = new X509Certificate(cert);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error(`${files.keyFile} is not its key`);
    return {
      files,
      cert,
      key,
      names: subjectNames(leaf),
      notAfter: Date.parse(leaf.validTo),
      // A context by name checks a client's certificate by its own authorities, not by the server's.
      context: createSecureContext({ cert, key, minVersion: "TLSv1.2", ...(ca === null ? {} : { ca }) }),
    };
  } catch (error) {
    throw new Error(`${files.certFile}: ${error instanceof Error ? error.message : error}`);
  }
}

/** DNS names of subjectAltName, else the common name, in lower case. */
function subjectNames(leaf: X509Certificate): string[] {
  const names: string[] = [];
  for (const entry of (leaf.subjectAltName ?? "").split(",", MAX_NAMES)) {
    const text = entry.trim();
    if (text.startsWith("DNS:")) names.push(lowerAscii(text.slice(4)));
  }
  if (names.length > 0) return names;
  const common = /(?:^|\n|, ?)CN=([^\n,]+)/.exec(leaf.subject ?? "")?.[1];
  return common ? [lowerAscii(common)] : [];
}

/** The first certificate that bears a name serves it. */
function namesOf(loaded: readonly Loaded[]): Map<string, Loaded> {
  const byName = new Map<string, Loaded>();
  for (const one of loaded) for (const name of one.names) if (!byName.has(name)) byName.set(name, one);
  return byName;
}
