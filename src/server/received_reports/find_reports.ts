/** The reports that a message brings, unpacked: which of its parts may be one, and what kind each is. */
import { concatBytes } from "../../base/bytes.ts";
import type { BlobId } from "../../contract/mod.ts";
import { type FailureReport, type ParsedTlsReport, parseFailureReport, parseTlsReport } from "../../mailauth/mod.ts";
import { decodeTransfer, paramOf, type Part } from "../../message/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import { type DmarcFold, foldAggregate } from "./dmarc_rows.ts";
import { UNPACK_LIMITS, unpackReport } from "./unpack.ts";

/** A report that could be read, or `damaged`. */
export type FoundReport =
  | { readonly kind: "dmarc"; readonly report: DmarcFold }
  | { readonly kind: "tls"; readonly report: ParsedTlsReport }
  | { readonly kind: "failure"; readonly report: FailureReport }
  | { readonly kind: "damaged"; readonly why: string };

/** Parts of one message that are unpacked, and nodes of its tree that are looked at. */
const PARTS_LIMIT = 5;
const NODES_LIMIT = 100;
const PAGE = 256 * 1024;
/** Characters of JSON: it is read at one go. */
const JSON_LIMIT = 4 * 1024 * 1024;
const TYPES: ReadonlySet<string> = new Set([
  "application/gzip",
  "application/x-gzip",
  "application/zip",
  "application/x-zip-compressed",
  "application/x-zip",
  "application/x-compressed",
  "application/xml",
  "text/xml",
  "application/json",
  "application/tlsrpt+gzip",
  "application/tlsrpt+json",
  "message/feedback-report",
]);
/** Of parts whose type says nothing (RFC 9990 section 3.5.2 names the ends). */
const NAMES = /\.(xml|xml\.gz|json|json\.gz|zip|gz)$/i;

/** One after the other, so that one is in memory at a time. */
export async function* findReports(
  blobId: BlobId,
  storage: Storage,
): AsyncGenerator<FoundReport & { readonly octets: number }> {
  const index = await storage.perform("blob.index", { blobId });
  if (index === null) return;
  for (const part of reportParts(index.root)) yield await readPart(part, blobId, storage);
}

/** The parts that may be reports, in order. What is attached as a message is not looked into. */
export function reportParts(root: Part): Part[] {
  const found: Part[] = [];
  const rest: Part[] = [root];
  for (let nodes = 0; nodes < NODES_LIMIT && found.length < PARTS_LIMIT; nodes++) {
    const part = rest.pop();
    if (part === undefined) break;
    if (part.parts.length > 0) rest.push(...part.parts.slice(0, NODES_LIMIT).reverse());
    else if (mayBeReport(part)) found.push(part);
  }
  return found;
}

function mayBeReport(part: Part): boolean {
  const type = `${part.type}/${part.subtype}`;
  if (TYPES.has(type)) return true;
  const name = paramOf(part.disposition?.params ?? [], "filename") ?? paramOf(part.params, "name") ?? "";
  return (type === "application/octet-stream" || part.type === "text") && NAMES.test(name);
}

/** With the octets that it cost: those that were read and those that came of it. */
async function readPart(
  part: Part,
  blobId: BlobId,
  storage: Storage,
): Promise<FoundReport & { readonly octets: number }> {
  const packed = part.bodyEnd - part.bodyStart;
  // Base64 has four octets for three, and line ends.
  if (packed > UNPACK_LIMITS.packed * 1.4) return { kind: "damaged", why: "too large", octets: 0 };
  const pages: Uint8Array[] = [];
  for (let at = part.bodyStart; at < part.bodyEnd; at += PAGE) {
    pages.push(await storage.readBlob(blobId, at, Math.min(part.bodyEnd, at + PAGE)));
  }
  const text = await unpackReport(decodeTransfer(concatBytes(pages), part.encoding));
  if (text === null) {
    return { kind: "damaged", why: "cannot be unpacked, or is too large", octets: UNPACK_LIMITS.unpacked };
  }
  return { ...await understood(part, text), octets: packed + text.length };
}

async function understood(part: Part, text: string): Promise<FoundReport> {
  if (part.type === "message") {
    const report = parseFailureReport(text);
    return report === null ? { kind: "damaged", why: "no report on authentication" } : { kind: "failure", report };
  }
  if (/^[\ufeff\s]{0,100}\{/.test(text.slice(0, 101))) {
    const report = text.length > JSON_LIMIT ? null : parseTlsReport(text);
    return report === null ? { kind: "damaged", why: "no TLS report" } : { kind: "tls", report };
  }
  const report = await foldAggregate(text);
  return "malformed" in report ? { kind: "damaged", why: report.malformed } : { kind: "dmarc", report };
}
