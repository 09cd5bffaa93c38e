/** An EmailBodyPart (RFC 8621 section 4.1.4). */
import type { Program } from "../../contract/mod.ts";
import { decodeWords, headerFields, paramOf, type Part } from "../../message/mod.ts";
import { printBlobId } from "../blob_id.ts";
import type { Json, JsonObject } from "../json.ts";
import { nameOf, numberedChildren, type NumberedPart } from "./body_parts.ts";
import { allHeaders, headerValue, parseHeaderProperty } from "./header_form.ts";
import { type BlobReader, decodedSize, readOctets } from "./octets.ts";

/** A message whose parts are told. */
export interface PrintedMessage {
  readonly reader: BlobReader;
  /** What ids of its parts begin with: an email, a blob, or a part of either. */
  readonly root: string;
  readonly prefixNumbers: readonly number[];
}

/** A part; `deep`: with what is in it. */
export function* printPart(
  message: PrintedMessage,
  one: NumberedPart,
  properties: readonly string[],
  deep: boolean,
): Program<JsonObject> {
  const { part } = one;
  const isMultipart = part.type === "multipart";
  const numbers = [...message.prefixNumbers, ...one.numbers];
  const printed: Record<string, Json> = {};
  let fields: ReturnType<typeof headerFields> | null = null;
  let header = new Uint8Array(0);
  for (const property of properties) {
    const asked = parseHeaderProperty(property);
    if ((asked || property === "headers") && fields === null) {
      header = new Uint8Array(yield* readOctets(message.reader, part.headerStart, part.bodyStart));
      fields = headerFields(header);
    }
    if (asked) printed[property] = headerValue(fields!, asked);
    else if (property === "headers") printed[property] = allHeaders(fields!, header);
    else if (property === "partId") printed[property] = isMultipart ? null : one.numbers.join(".");
    else if (property === "blobId") printed[property] = isMultipart ? null : printBlobId(message.root, numbers);
    else if (property === "size") printed[property] = isMultipart ? 0 : yield* decodedSize(message.reader, part);
    else if (property === "subParts") printed[property] = null;
    else printed[property] = simple(part, property);
  }
  if (isMultipart && deep) {
    const subParts: JsonObject[] = [];
    for (const child of numberedChildren(one)) subParts.push(yield* printPart(message, child, properties, true));
    printed["subParts"] = subParts;
  }
  return printed;
}

function simple(part: Part, property: string): Json {
  switch (property) {
    case "name": {
      const name = nameOf(part);
      return name === null ? null : decodeWords(name).normalize("NFC");
    }
    case "type":
      return `${part.type}/${part.subtype}`;
    case "charset":
      return part.type === "text" ? paramOf(part.params, "charset") ?? "us-ascii" : paramOf(part.params, "charset");
    case "disposition":
      return part.disposition?.type ?? null;
    case "cid":
      return part.id === null ? null : part.id.replace(/^\s*<|>\s*$/g, "");
    case "language":
      return part.language.length > 0 ? part.language : null;
    case "location":
      return part.location;
  }
  return null;
}
