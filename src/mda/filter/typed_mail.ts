/** A message as filters in TypeScript see it: decoded, and cut to its bounds (`FILTER_LIMITS`). */
import {
  FILTER_LIMITS,
  type FilterAddress,
  type FilterAttachment,
  type FilterMail,
  type Program,
} from "../../contract/mod.ts";
import { decodeWords } from "../../message/encoded_word.ts";
import { fieldDecoded, headerFields } from "../../message/header.ts";
import { plainText } from "../../message/html_text.ts";
import type { EnvelopeAddress, Part } from "../../message/model.ts";
import { paramOf } from "../../message/params.ts";
import { previewPart } from "../../message/preview.ts";
import { TextExtractor } from "../../message/text.ts";
import type { SieveFacts, SieveWorld } from "../../sieve/mod.ts";

/** Reads it. */
export function* readFilterMail(facts: SieveFacts, world: SieveWorld): Program<FilterMail> {
  const { index } = facts;
  const { envelope } = index;
  return {
    headers: headersOf(facts),
    subject: cut(decodeWords(envelope.subject ?? ""), FILTER_LIMITS.value),
    from: people(envelope.from),
    to: people(envelope.to),
    cc: people(envelope.cc),
    replyTo: people(envelope.replyTo),
    messageId: cut((envelope.messageId ?? "").trim(), FILTER_LIMITS.name),
    date: envelope.sentAt,
    text: yield* textOf(index.root, world),
    attachments: attachmentsOf(index.root),
    size: index.size,
    spam: facts.spamPercent ?? null,
    virus: facts.virus ?? null,
  };
}

/** No name of a field is a property that objects have: the record has no prototype. */
function headersOf({ prefix, header }: SieveFacts): Record<string, string[]> {
  const out: Record<string, string[]> = Object.create(null);
  let room: number = FILTER_LIMITS.values;
  const own = prefix ? headerFields(prefix, FILTER_LIMITS.fields) : [];
  const fields = [...own, ...headerFields(header, FILTER_LIMITS.fields)].slice(0, FILTER_LIMITS.fields);
  for (const field of fields) {
    if (room <= 0) break;
    // What is cut need not be decoded: a field may have megabytes.
    const raw = field.raw.length > FILTER_LIMITS.value * 4 ? field.raw.slice(0, FILTER_LIMITS.value * 4) : field.raw;
    const value = cut(fieldDecoded({ ...field, raw }), Math.min(FILTER_LIMITS.value, room));
    room -= value.length + field.name.length;
    (out[cut(field.name, FILTER_LIMITS.name)] ??= []).push(value);
  }
  return out;
}

/** Groups are left out, the members of groups are not. */
function people(list: readonly EnvelopeAddress[]): FilterAddress[] {
  const out: FilterAddress[] = [];
  for (const { name, mailbox, host } of list) {
    if (out.length >= FILTER_LIMITS.addresses) break;
    if (mailbox === null || host === null) continue;
    out.push({
      name: cut(decodeWords(name ?? ""), FILTER_LIMITS.name),
      address: mailbox !== "" && host !== "" ? cut(`${mailbox}@${host}`, FILTER_LIMITS.name) : "",
    });
  }
  return out;
}

/** An octet is one character at most, but in Base64. */
const OCTETS = FILTER_LIMITS.text * 2;

function* textOf(root: Part, world: SieveWorld): Program<string> {
  const part = previewPart(root);
  if (part === null) return "";
  const end = Math.min(part.bodyEnd, part.bodyStart + OCTETS);
  const octets = yield* world.read(part.bodyStart, end);
  const extractor = new TextExtractor(part.encoding, paramOf(part.params, "charset") ?? "");
  const text = extractor.push(octets) + (end === part.bodyEnd ? extractor.end() : "");
  return cut(part.subtype === "html" ? plainText(text) : text, FILTER_LIMITS.text);
}

function attachmentsOf(root: Part): FilterAttachment[] {
  const out: FilterAttachment[] = [];
  const shown = previewPart(root);
  const open = [root];
  for (let part = open.pop(); part && out.length < FILTER_LIMITS.attachments; part = open.pop()) {
    if (part.message === null && part.parts.length > 0) {
      for (let i = part.parts.length - 1; i >= 0; i--) open.push(part.parts[i]!);
      continue;
    }
    const name = (part.disposition && paramOf(part.disposition.params, "filename")) ?? paramOf(part.params, "name");
    const isText = part.type === "text" && name === null && part.disposition?.type !== "attachment";
    if (part === shown || isText || part.type === "multipart") continue;
    out.push({
      name: cut(decodeWords(name ?? ""), FILTER_LIMITS.name),
      type: cut(`${part.type}/${part.subtype}`, FILTER_LIMITS.name),
      size: part.bodyEnd - part.bodyStart,
    });
  }
  return out;
}

/** At whole characters. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = text.slice(0, most);
  return /[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept;
}
