/** Printers of ENVELOPE and BODYSTRUCTURE (RFC 9051 sections 7.5.2 and 9), latin1. */
import type { Envelope, EnvelopeAddress, Parameter, Part } from "../../message/mod.ts";
import { nstring } from "./strings.ts";

const DEPTH_LIMIT = 200; // the index is bounded; this only guards the stack

export function formatEnvelope(envelope: Envelope, utf8: boolean): string {
  const text = (value: string | null): string => nstring(value, utf8);
  const list = (addresses: readonly EnvelopeAddress[]): string => formatAddresses(addresses, utf8);
  // RFC 9051 section 7.5.2: Sender and Reply-To that are missing are those of From.
  const sender = envelope.sender.length > 0 ? envelope.sender : envelope.from;
  const replyTo = envelope.replyTo.length > 0 ? envelope.replyTo : envelope.from;
  return `(${text(envelope.date)} ${text(envelope.subject)} ${list(envelope.from)} ${list(sender)} ${list(replyTo)} ${
    list(envelope.to)
  } ${list(envelope.cc)} ${list(envelope.bcc)} ${text(envelope.inReplyTo)} ${text(envelope.messageId)})`;
}

function formatAddresses(addresses: readonly EnvelopeAddress[], utf8: boolean): string {
  if (addresses.length === 0) return "NIL";
  let out = "(";
  for (const { name, mailbox, host } of addresses) {
    out += `(${nstring(name, utf8)} NIL ${nstring(mailbox, utf8)} ${nstring(host, utf8)})`;
  }
  return out + ")";
}

const EMPTY_ENVELOPE = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
const EMPTY_TEXT = '("text" "plain" NIL NIL NIL "7bit" 0 0)';

/** RFC 9051 section 9, `media-message`: these types alone carry an envelope and a body. */
function isMessage(part: Part): boolean {
  return part.type === "message" && (part.subtype === "rfc822" || part.subtype === "global");
}

/** `extended` is BODYSTRUCTURE, else BODY. */
export function formatStructure(part: Part, extended: boolean, utf8: boolean, depth: number = 0): string {
  const text = (value: string | null): string => nstring(value, utf8);
  if (part.type === "multipart" && depth < DEPTH_LIMIT) {
    // The grammar wants a body at least: a multipart without parts shows an empty one.
    const bodies = part.parts.length === 0
      ? EMPTY_TEXT
      : part.parts.map((inner) => formatStructure(inner, extended, utf8, depth + 1)).join("");
    const more = extended ? ` ${formatParams(part.params, utf8)}${formatExtension(part, utf8)}` : "";
    return `(${bodies} ${text(part.subtype)}${more})`;
  }
  const octets = part.bodyEnd - part.bodyStart;
  let out = `(${text(part.type)} ${text(part.subtype)} ${formatParams(part.params, utf8)} ${text(part.id)} ${
    text(part.description)
  } ${text(part.encoding)} ${octets}`;
  if (part.message !== null && depth < DEPTH_LIMIT) {
    const { envelope, root } = part.message;
    out += ` ${formatEnvelope(envelope, utf8)} ${formatStructure(root, extended, utf8, depth + 1)} ${part.lines}`;
  } else if (isMessage(part)) {
    // One that was not looked into (too deep, or encoded against RFC 2046 section 5.2.1): the grammar wants both still.
    out += ` ${EMPTY_ENVELOPE} ${EMPTY_TEXT} ${part.lines}`;
  } else if (part.type === "text") out += ` ${part.lines}`;
  if (extended) out += ` ${text(part.md5)}${formatExtension(part, utf8)}`;
  return out + ")";
}

function formatParams(params: readonly Parameter[], utf8: boolean): string {
  if (params.length === 0) return "NIL";
  return `(${params.map(([name, value]) => `${nstring(name, utf8)} ${nstring(value, utf8)}`).join(" ")})`;
}

/** Disposition, language and location. */
function formatExtension(part: Part, utf8: boolean): string {
  const { disposition, language, location } = part;
  const shown = disposition ? `(${nstring(disposition.type, utf8)} ${formatParams(disposition.params, utf8)})` : "NIL";
  const languages = language.length === 0 ? "NIL" : `(${language.map((one) => nstring(one, utf8)).join(" ")})`;
  return ` ${shown} ${languages} ${nstring(location, utf8)}`;
}
