/** Which properties an Email and its parts have, and what must be read for them (RFC 8621 sections 4.1 and 4.2). */
import type { EmailField } from "../../contract/mod.ts";
import { type HeaderForm, parseHeaderProperty } from "./header_form.ts";

/** Properties that are a header field in a form (section 4.1.3). */
export const CONVENIENT: ReadonlyMap<string, readonly [name: string, form: HeaderForm]> = new Map([
  ["messageId", ["message-id", "MessageIds"]],
  ["inReplyTo", ["in-reply-to", "MessageIds"]],
  ["references", ["references", "MessageIds"]],
  ["sender", ["sender", "Addresses"]],
  ["from", ["from", "Addresses"]],
  ["to", ["to", "Addresses"]],
  ["cc", ["cc", "Addresses"]],
  ["bcc", ["bcc", "Addresses"]],
  ["replyTo", ["reply-to", "Addresses"]],
  ["subject", ["subject", "Text"]],
  ["sentAt", ["date", "Date"]],
]);

const STORED = ["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"];
const OF_STRUCTURE = [
  "hasAttachment",
  "preview",
  "bodyValues",
  "textBody",
  "htmlBody",
  "attachments",
  "bodyStructure",
];

/** Section 4.2: what is given where the client does not say. */
export const DEFAULT_PROPERTIES: readonly string[] = [
  ...STORED,
  ...CONVENIENT.keys(),
  ...OF_STRUCTURE.filter((property) => property !== "bodyStructure"),
];

export const DEFAULT_BODY_PROPERTIES: readonly string[] = [
  "partId",
  "blobId",
  "size",
  "name",
  "type",
  "charset",
  "disposition",
  "cid",
  "language",
  "location",
];

const BODY_PROPERTIES = new Set([...DEFAULT_BODY_PROPERTIES, "headers", "subParts"]);

export function isEmailProperty(property: string): boolean {
  return STORED.includes(property) || OF_STRUCTURE.includes(property) || CONVENIENT.has(property) ||
    property === "headers" || parseHeaderProperty(property) !== null;
}

export function isBodyProperty(property: string): boolean {
  return BODY_PROPERTIES.has(property) || parseHeaderProperty(property) !== null;
}

/** What the store has to give with an email. The envelope would do for most fields, but not as the forms want them. */
export function fieldsFor(properties: readonly string[]): EmailField[] {
  const header = properties.some((property) =>
    property === "headers" || CONVENIENT.has(property) || property.startsWith("header:")
  );
  const structure = properties.some((property) => OF_STRUCTURE.includes(property));
  return [...(header ? ["header" as const] : []), ...(structure ? ["structure" as const] : [])];
}
