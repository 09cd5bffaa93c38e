/**
 * Reports of others about messages that were sent by `POST /send`: bounces (RFC 3464) and complaints (RFC 5965). One
 * counts only where it returns the id of such a message, which nobody guesses, and only for recipients of that message.
 */
import { lowerAscii } from "../../base/ascii.ts";
import { concatBytes, utf8String } from "../../base/bytes.ts";
import type { BlobId } from "../../contract/mod.ts";
import { decodeTransfer, paramOf, type Part } from "../../message/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import { isHardBounce } from "../sending/hard_bounce.ts";
import { changeSent, readSent, type SentRecord } from "../sending/sent_record.ts";

/** What a report says of one recipient. */
export interface Returned {
  readonly sent: SentRecord;
  readonly recipient: string;
  readonly kind: "bounced" | "complained";
  readonly detail: string;
  /** The address will not take mail the next time either. */
  readonly isHard: boolean;
}

interface Parts {
  readonly storage: Storage;
  readonly now: () => number;
}

/** Octets of a part, ids that are looked up, and recipients of a report. */
const PART = 64 * 1024;
const IDS = 30;
const GROUPS = 200;
const PAGE = 64 * 1024;

/** What is new; it is in the messages' records then. Empty where the message is no such report. */
export async function readReturned(blobId: BlobId, parts: Parts): Promise<readonly Returned[]> {
  const index = await parts.storage.perform("blob.index", { blobId });
  const root = index?.root;
  if (root?.type !== "multipart" || root.subtype !== "report") return [];
  const type = lowerAscii(paramOf(root.params, "report-type") ?? "");
  if (type !== "delivery-status" && type !== "feedback-report") return [];
  const told = root.parts.find(({ type: main, subtype }) => main === "message" && subtype === type);
  const original = root.parts.find(isReturned);
  if (!told || !original) return [];
  const sent = await sentIn(await textOf(original, blobId, parts), parts);
  if (!sent) return [];
  const text = await textOf(told, blobId, parts);
  const found = type === "delivery-status" ? bounces(text) : complaints(text, sent);
  return await newOf(sent, found, parts);
}

function isReturned({ type, subtype }: Part): boolean {
  return (type === "message" && (subtype === "rfc822" || subtype === "global" || subtype === "global-headers")) ||
    (type === "text" && subtype === "rfc822-headers");
}

async function textOf(part: Part, blobId: BlobId, { storage }: Parts): Promise<string> {
  const end = Math.min(part.bodyEnd, part.bodyStart + PART);
  const pages: Uint8Array[] = [];
  for (let at = part.bodyStart; at < end; at += PAGE) {
    pages.push(await storage.readBlob(blobId, at, Math.min(end, at + PAGE)));
  }
  return utf8String(decodeTransfer(concatBytes(pages), part.encoding));
}

/** By an id in Message-ID or in a Received field of ours. */
async function sentIn(text: string, { storage, now }: Parts): Promise<SentRecord | null> {
  const header = text.slice(0, Math.max(0, text.search(/\r?\n\r?\n/)) || text.length);
  const ids = new Set<string>();
  for (const [, id] of header.matchAll(/(?<![a-z0-9.])([a-z0-9]{10,20}\.1)(?![a-z0-9.])/g)) {
    if (ids.size < IDS) ids.add(id!);
  }
  for (const id of ids) {
    const found = await readSent(id, now(), storage);
    if (found) return found.sent;
  }
  return null;
}

type Told = Omit<Returned, "sent">;

/** RFC 3464 section 2.3: a group of fields for each recipient. */
function bounces(text: string): readonly Told[] {
  const found: Told[] = [];
  for (const group of text.split(/\r?\n[ \t]*\r?\n/).slice(0, GROUPS)) {
    const fields = fieldsOf(group);
    const recipient = addressIn(fields.get("original-recipient")) ?? addressIn(fields.get("final-recipient"));
    if (recipient === null || lowerAscii(fields.get("action") ?? "") !== "failed") continue;
    const status = /\d\.\d{1,3}\.\d{1,3}/.exec(fields.get("status") ?? "")?.[0];
    const said = fields.get("diagnostic-code")?.replace(/^[^;]{0,40};\s*/, "");
    const code = Number(/^[45]\d\d/.exec(said ?? "")?.[0] ?? (status?.startsWith("5") ? 550 : 450));
    const isHard = isHardBounce({ code, enhanced: status });
    found.push({ recipient, kind: "bounced", detail: (said ?? status ?? "no reason was given").slice(0, 500), isHard });
    const final = addressIn(fields.get("final-recipient"));
    if (final !== null && final !== recipient) found.push({ ...found.at(-1)!, recipient: final });
  }
  return found;
}

/** RFC 5965 section 3. Many leave the recipient out: then it is known where there was one only. */
function complaints(text: string, { recipients }: SentRecord): readonly Told[] {
  const fields = fieldsOf(text);
  const kind = lowerAscii(fields.get("feedback-type") ?? "");
  if (!["abuse", "fraud", "virus", "other", "opt-out", "opt-out-list"].includes(kind)) return [];
  const named = addressIn(fields.get("original-rcpt-to"));
  const recipient = named ?? (recipients.length === 1 ? recipients[0]!.address : null);
  if (recipient === null) return [];
  const who = fields.get("user-agent") ?? "a report";
  const detail = `A complaint (${kind}) by ${who}`.replace(/[\p{C}]/gu, " ").slice(0, 300);
  return [{ recipient, kind: "complained", detail, isHard: true }];
}

function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/).slice(0, GROUPS)) {
    const colon = line.indexOf(":");
    const name = lowerAscii(line.slice(0, colon).trim());
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

/** Behind a type, and in angle brackets, perhaps. */
function addressIn(value: string | undefined): string | null {
  const text = value?.slice(0, 1000).replace(/^[A-Za-z0-9-]{1,40};\s*/, "").replace(/^<|>$/g, "").trim();
  return text && /^[^\s<>]+@[^\s<>]+$/.test(text) ? text : null;
}

async function newOf(sent: SentRecord, found: readonly Told[], { storage, now }: Parts): Promise<readonly Returned[]> {
  const at = now();
  const fresh: Returned[] = [];
  const change = (record: SentRecord): SentRecord | null => {
    fresh.length = 0;
    const returned = new Map(Object.entries(record.returned ?? {}));
    for (const one of found) {
      const key = lowerAscii(one.recipient);
      if (!record.recipients.some(({ address }) => lowerAscii(address) === key)) continue;
      const before = returned.get(key)?.kind;
      // A complaint says more than a bounce.
      if (before === one.kind || before === "complained") continue;
      returned.set(key, { kind: one.kind, at, detail: one.detail });
      fresh.push({ ...one, recipient: key, sent: record });
    }
    return fresh.length === 0 ? null : { ...record, returned: Object.fromEntries(returned) };
  };
  return await changeSent(sent.traceId, at, change, storage) ? fresh : [];
}
