/** Writes a message from its description. What has no place in a field was refused before. */
import { lowerAscii } from "../../base/ascii.ts";
import type { DescribedAttachment, DescribedMailbox, DescribedMessage } from "../../http/send_desk.ts";
import { buildMessage, formatDate, formatParameterized, type OutgoingPart } from "../../message/mod.ts";

export interface DescribeFacts {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Without `<` and `>`. */
  readonly messageId: string;
  /** Letters and digits nobody can guess. */
  readonly random: string;
  /** Whether Bcc is written: for a copy that the sender keeps. Submission takes it out of what leaves. */
  readonly bcc: boolean;
}

/** The octets of the message, with CRLF. */
export function describeMessage(message: DescribedMessage, facts: DescribeFacts): Uint8Array {
  const headers: (readonly [string, string])[] = [
    ["Date", formatDate(facts.now)],
    ["From", printMailbox(message.from)],
  ];
  const people = (name: string, list: readonly DescribedMailbox[]) => {
    if (list.length > 0) headers.push([name, list.map(printMailbox).join(", ")]);
  };
  people("Reply-To", message.replyTo);
  people("To", message.to);
  people("Cc", message.cc);
  if (facts.bcc) people("Bcc", message.bcc);
  headers.push(["Subject", message.subject], ["Message-ID", `<${facts.messageId}>`]);
  const ids = (name: string, list: readonly string[]) => {
    if (list.length > 0) headers.push([name, list.map((id) => `<${id}>`).join(" ")]);
  };
  ids("In-Reply-To", message.inReplyTo);
  ids("References", message.references);
  return buildMessage({ headers: [...headers, ...message.headers], body: bodyOf(message) }, facts.random);
}

function printMailbox({ name, email }: DescribedMailbox): string {
  return name === "" ? email : `"${name.replace(/[\\"]/g, "\\$&")}" <${email}>`;
}

/** Text and HTML are alternatives; what the HTML shows stands beside it (RFC 2387), files behind all (RFC 2046). */
function bodyOf({ text, html, attachments }: DescribedMessage): OutgoingPart {
  const isShown = ({ contentId }: DescribedAttachment) => html !== null && contentId !== null;
  const shown = attachments.filter(isShown);
  const files = attachments.filter((one) => !isShown(one));
  const page: OutgoingPart | null = html === null ? null : { type: "text/html", text: html };
  const withImages: OutgoingPart | null = page && shown.length > 0
    ? { type: "multipart/related", parts: [page, ...shown.map((one) => attached(one, "inline"))] }
    : page;
  const plain: OutgoingPart | null = text === null && withImages ? null : { type: "text/plain", text: text ?? "" };
  const words: OutgoingPart = plain && withImages
    ? { type: "multipart/alternative", parts: [plain, withImages] }
    : plain ?? withImages!;
  if (files.length === 0) return words;
  return { type: "multipart/mixed", parts: [words, ...files.map((one) => attached(one, "attachment"))] };
}

function attached({ name, type, octets, contentId }: DescribedAttachment, how: string): OutgoingPart {
  const file: [string, string][] = name === null ? [] : [["filename", name]];
  return {
    type: name === null || lowerAscii(type).includes("name=")
      ? type
      : `${type}; ${formatParameterized("", [["name", name]]).slice(2)}`,
    bytes: octets,
    disposition: formatParameterized(how, file),
    ...(contentId === null ? {} : { headers: [["Content-ID", `<${contentId}>`]] }),
  };
}
