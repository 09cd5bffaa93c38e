/** What must be right with a message before it is sent (RFC 8621 section 7.5, invalidEmail; RFC 5322 section 3.6). */
import { fieldText, type HeaderField, parseAddressList, parseDate } from "../../message/mod.ts";
import { isAddress } from "./address.ts";

/** Fields that stand there once at most, by the property of the email. */
const ONCE: readonly (readonly [name: string, property: string])[] = [
  ["date", "sentAt"],
  ["from", "from"],
  ["sender", "sender"],
  ["reply-to", "replyTo"],
  ["to", "to"],
  ["cc", "cc"],
  ["bcc", "bcc"],
  ["message-id", "messageId"],
  ["in-reply-to", "inReplyTo"],
  ["references", "references"],
  ["subject", "subject"],
];
const ADDRESSES: ReadonlySet<string> = new Set(["from", "sender", "reply-to", "to", "cc", "bcc"]);

/** Properties of the email that are invalid; none: it may be sent. */
export function faultsOf(fields: readonly HeaderField[]): readonly string[] {
  const bad = new Set<string>();
  for (const [name, property] of ONCE) {
    const found = fields.filter((field) => field.name === name);
    if (found.length > 1) bad.add(property);
    if (ADDRESSES.has(name) && !found.every((field) => areAddresses(fieldText(field), name === "bcc"))) {
      bad.add(property);
    }
  }
  const authors = addressesOf(fields, "from");
  if (authors === 0) bad.add("from");
  // RFC 5322 section 3.6.2: of several authors one is the sender.
  const senders = addressesOf(fields, "sender");
  if (senders > 1 || (authors > 1 && senders === 0)) bad.add("sender");
  const date = fields.find(({ name }) => name === "date");
  if (!date || parseDate(fieldText(date)) === null) bad.add("sentAt");
  return [...bad];
}

function areAddresses(text: string, mayBeEmpty: boolean): boolean {
  const list = parseAddressList(text);
  if (list.length === 0) return mayBeEmpty;
  return list.every(({ mailbox, host }) => host === null || isAddress(`${mailbox}@${host}`));
}

function addressesOf(fields: readonly HeaderField[], name: string): number {
  const field = fields.findLast((one) => one.name === name);
  return field ? parseAddressList(fieldText(field)).filter(({ host }) => host !== null).length : 0;
}
