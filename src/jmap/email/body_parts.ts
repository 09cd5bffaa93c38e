/** Which parts of a message are its text and which its attachments (RFC 8621 section 4.1.4). */
import type { Part } from "../../message/mod.ts";
import { childrenOf } from "../blob_id.ts";

/** A part with its numbers (`blob_id.ts`). */
export interface NumberedPart {
  readonly part: Part;
  /** Of a multipart that is the whole message: none. */
  readonly numbers: readonly number[];
}

export interface BodyLists {
  readonly textBody: readonly NumberedPart[];
  readonly htmlBody: readonly NumberedPart[];
  readonly attachments: readonly NumberedPart[];
}

type MultipartType = "mixed" | "alternative" | "related" | "other";

/** The root with its numbers: what is no multipart is part 1. */
export function numberedRoot(root: Part): NumberedPart {
  return { part: root, numbers: root.parts.length > 0 ? [] : [1] };
}

/** The parts of a multipart with their numbers. */
export function numberedChildren({ part, numbers }: NumberedPart): readonly NumberedPart[] {
  return part.parts.length === 0
    ? []
    : childrenOf(part).map((child, i) => ({ part: child, numbers: [...numbers, i + 1] }));
}

export function bodyLists(root: Part): BodyLists {
  const textBody: NumberedPart[] = [];
  const htmlBody: NumberedPart[] = [];
  const attachments: NumberedPart[] = [];
  parseStructure([numberedRoot(root)], "mixed", false, htmlBody, textBody, attachments);
  return { textBody, htmlBody, attachments };
}

/** Something that a client should offer to be saved. */
export function hasAttachment(root: Part): boolean {
  return bodyLists(root).attachments.some(({ part }) => part.disposition?.type !== "inline");
}

/** Null lists: within an alternative, what was found is of the other kind only. The steps are those of the RFC. */
function parseStructure(
  parts: readonly NumberedPart[],
  multipartType: MultipartType,
  inAlternative: boolean,
  htmlBody: NumberedPart[] | null,
  textBody: NumberedPart[] | null,
  attachments: NumberedPart[],
): void {
  const textLength = textBody?.length ?? -1;
  const htmlLength = htmlBody?.length ?? -1;
  for (const [i, one] of parts.entries()) {
    const { part } = one;
    if (part.type === "multipart") {
      const inside = numberedChildren(one);
      const type = kindOf(part.subtype);
      parseStructure(inside, type, inAlternative || type === "alternative", htmlBody, textBody, attachments);
      continue;
    }
    if (!isInline(part, i, multipartType)) {
      attachments.push(one);
      continue;
    }
    if (multipartType === "alternative") {
      if (part.type === "text" && part.subtype === "plain") textBody?.push(one);
      else if (part.type === "text" && part.subtype === "html") htmlBody?.push(one);
      else attachments.push(one);
      continue;
    }
    if (inAlternative) {
      if (part.type === "text" && part.subtype === "plain") htmlBody = null;
      if (part.type === "text" && part.subtype === "html") textBody = null;
    }
    textBody?.push(one);
    htmlBody?.push(one);
    if ((!textBody || !htmlBody) && isInlineMedia(part)) attachments.push(one);
  }
  if (multipartType !== "alternative" || !textBody || !htmlBody) return;
  // Found HTML part only, or text part only.
  if (textLength === textBody.length && htmlLength !== htmlBody.length) textBody.push(...htmlBody.slice(htmlLength));
  if (htmlLength === htmlBody.length && textLength !== textBody.length) htmlBody.push(...textBody.slice(textLength));
}

/** "Is this a body part rather than an attachment" */
function isInline(part: Part, place: number, multipartType: MultipartType): boolean {
  const isBody = (part.type === "text" && (part.subtype === "plain" || part.subtype === "html")) || isInlineMedia(part);
  if (part.disposition?.type === "attachment" || !isBody) return false;
  // If multipart/related, only the first part can be inline; a text part with a file name is an attachment.
  return place === 0 || (multipartType !== "related" && (isInlineMedia(part) || nameOf(part) === null));
}

function isInlineMedia({ type }: Part): boolean {
  return type === "image" || type === "audio" || type === "video";
}

function kindOf(subtype: string): MultipartType {
  return subtype === "mixed" || subtype === "alternative" || subtype === "related" ? subtype : "other";
}

/** The name of a file: of Content-Disposition, else of Content-Type. */
export function nameOf({ disposition, params }: Part): string | null {
  const named = disposition?.params.find(([name]) => name === "filename") ?? params.find(([name]) => name === "name");
  return named?.[1] ?? null;
}
