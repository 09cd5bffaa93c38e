/** An Email with the properties that were asked for (RFC 8621 section 4.1). */
import type { Program } from "../../contract/mod.ts";
import { headerFields, type Part, PREVIEW_OCTETS, previewPart, previewText } from "../../message/mod.ts";
import type { Json, JsonObject } from "../json.ts";
import { bodyLists, hasAttachment, numberedChildren, type NumberedPart, numberedRoot } from "./body_parts.ts";
import { bodyValue } from "./body_values.ts";
import { allHeaders, headerValue, parseHeaderProperty } from "./header_form.ts";
import { readOctets } from "./octets.ts";
import { type PrintedMessage, printPart } from "./print_part.ts";
import { CONVENIENT } from "./properties.ts";

/** What of bodies is wanted. */
export interface BodyWishes {
  readonly bodyProperties: readonly string[];
  readonly fetchTextBodyValues: boolean;
  readonly fetchHTMLBodyValues: boolean;
  readonly fetchAllBodyValues: boolean;
  readonly maxBodyValueBytes: number;
}

/** A message as it was read. */
export interface ReadMessage extends PrintedMessage {
  /** With field `header`. */
  readonly header: Uint8Array;
  /** With field `structure`. */
  readonly structure: Part | null;
  /** Properties that are not the message's own: id, keywords and their like. */
  readonly stored: JsonObject;
}

/** Octets that a preview of plain text needs; HTML has much that is no text. */
const PLAIN_PREVIEW = 4096;

export function* printEmail(
  message: ReadMessage,
  properties: readonly string[],
  wishes: BodyWishes,
): Program<JsonObject> {
  const printed: Record<string, Json> = {};
  const fields = headerFields(message.header);
  const { structure } = message;
  const lists = structure && bodyLists(structure);
  for (const property of properties) {
    const stored = message.stored[property];
    if (stored !== undefined) {
      printed[property] = stored;
      continue;
    }
    const convenient = CONVENIENT.get(property);
    const asked = convenient
      ? { property, name: convenient[0], form: convenient[1], all: false }
      : parseHeaderProperty(property);
    if (asked) printed[property] = headerValue(fields, asked);
    else if (property === "headers") printed[property] = allHeaders(fields, message.header);
    else if (structure && lists) {
      switch (property) {
        case "hasAttachment":
          printed[property] = hasAttachment(structure);
          break;
        case "preview":
          printed[property] = yield* preview(message, structure);
          break;
        case "bodyStructure":
          printed[property] = yield* printPart(message, numberedRoot(structure), wishes.bodyProperties, true);
          break;
        case "textBody":
        case "htmlBody":
        case "attachments":
          printed[property] = yield* printParts(message, lists[property], wishes.bodyProperties);
          break;
        case "bodyValues":
          printed[property] = yield* bodyValues(message, structure, wishes);
      }
    }
  }
  return printed;
}

function* printParts(
  message: PrintedMessage,
  parts: readonly NumberedPart[],
  properties: readonly string[],
): Program<JsonObject[]> {
  const printed: JsonObject[] = [];
  for (const part of parts) printed.push(yield* printPart(message, part, properties, false));
  return printed;
}

function* preview({ reader }: PrintedMessage, structure: Part): Program<string> {
  const part = previewPart(structure);
  if (!part) return "";
  const octets = part.subtype === "html" ? PREVIEW_OCTETS : PLAIN_PREVIEW;
  return previewText(part, yield* readOctets(reader, part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + octets)));
}

function* bodyValues(message: PrintedMessage, structure: Part, wishes: BodyWishes): Program<JsonObject> {
  const { textBody, htmlBody } = bodyLists(structure);
  const wanted = wishes.fetchAllBodyValues ? leaves(numberedRoot(structure)) : [
    ...(wishes.fetchTextBodyValues ? textBody : []),
    ...(wishes.fetchHTMLBodyValues ? htmlBody : []),
  ];
  const values: Record<string, JsonObject> = {};
  for (const { part, numbers } of wanted) {
    const partId = numbers.join(".");
    if (part.type !== "text" || Object.hasOwn(values, partId)) continue;
    values[partId] = yield* bodyValue(message.reader, part, wishes.maxBodyValueBytes);
  }
  return values;
}

function leaves(one: NumberedPart): readonly NumberedPart[] {
  return one.part.type === "multipart" ? numberedChildren(one).flatMap(leaves) : [one];
}
