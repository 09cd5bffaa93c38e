/** Whether a chain of certificates matches TLSA records (RFC 6698 section 2.1, RFC 7671 section 5, RFC 7672 section 3). */
import { equalBytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import type { ChainCertificate } from "./certificate.ts";
import type { TlsaRecord } from "./plan.ts";

/** The record and the certificate of the chain (0 is the server's own) that match, or why none does. */
export type DaneMatch =
  | { readonly kind: "match"; readonly record: TlsaRecord; readonly depth: number }
  | { readonly kind: "mismatch"; readonly why: "noRecordMatches" | "nameMismatch" | "expired" | "brokenChain" };

/**
 * Compares. Usage 3 names the server's own certificate or key, and then neither names nor dates count (RFC 7672 section
 * 3.1.1). Usage 2 names an authority that the chain must lead to: each certificate signed by the next, in its time, and
 * the server's own naming one of `references`. `now` in milliseconds since 1970.
 */
export function matchDane(
  records: readonly TlsaRecord[],
  chain: readonly ChainCertificate[],
  references: readonly string[],
  now: number,
): DaneMatch {
  let why: Extract<DaneMatch, { kind: "mismatch" }>["why"] = "noRecordMatches";
  for (const record of records) {
    for (const [depth, certificate] of chain.entries()) {
      // RFC 7671 section 5.2: an authority stands above the server's certificate.
      if (record.usage === 3 ? depth > 0 : record.usage !== 2 || depth === 0) continue;
      if (!matches(record, certificate)) continue;
      const problem = record.usage === 3 ? null : problemBelow(chain, depth, references, now);
      if (problem === null) return { kind: "match", record, depth };
      why = problem;
    }
  }
  return { kind: "mismatch", why };
}

/**
 * The names that a certificate under usage 2 may bear (RFC 7672 section 3.2.2): the name the records stand under, and
 * the domain that mail is for, each also where its CNAMEs end. Only for hosts that validated MX records named.
 */
export function daneReferences(
  names: { readonly base: string; readonly host: string; readonly domain: string; readonly canonicalDomain: string },
): string[] {
  return [...new Set([names.base, names.host, names.domain, names.canonicalDomain])];
}

function matches(record: TlsaRecord, certificate: ChainCertificate): boolean {
  const selected = record.selector === 0 ? certificate.der : record.selector === 1 ? certificate.spki : null;
  if (selected === null) return false;
  if (record.matching === 0) return equalBytes(selected, record.data);
  const name = record.matching === 1 ? "sha256" : record.matching === 2 ? "sha512" : null;
  return name !== null && equalBytes(digest(name, selected), record.data);
}

function problemBelow(
  chain: readonly ChainCertificate[],
  depth: number,
  references: readonly string[],
  now: number,
): "nameMismatch" | "expired" | "brokenChain" | null {
  const path = chain.slice(0, depth + 1);
  if (!path.slice(0, -1).every(({ issuedByNext }) => issuedByNext)) return "brokenChain";
  if (!path.every(({ notBefore, notAfter }) => notBefore <= now && now <= notAfter)) return "expired";
  return references.some((name) => bearsName(chain[0]!, name)) ? null : "nameMismatch";
}

/** RFC 7672 section 3.2.3: DNS names, and the common name only where there is none; `*.` stands for one label. */
function bearsName({ names, commonName }: ChainCertificate, reference: string): boolean {
  const dot = reference.indexOf(".");
  const wildcard = dot < 0 ? null : `*${reference.slice(dot)}`;
  const borne = names.length > 0 ? names : commonName === null ? [] : [commonName];
  return borne.some((name) => name === reference || name === wildcard);
}
