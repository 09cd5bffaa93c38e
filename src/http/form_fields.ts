/** Forms (`application/x-www-form-urlencoded`, `multipart/form-data`) in their octets: nothing is taken for text on the way. */
import { latin1Bytes } from "../base/bytes.ts";
import { lowerAscii } from "../base/ascii.ts";
import { MessageIndexer, paramOf, parseParameterized } from "../message/mod.ts";

/** Fields in their order; a name may come more than once. */
export type FormFields = readonly (readonly [name: string, octets: Uint8Array])[];

const MOST = 200;

/** Null: it is no such form, or has too many fields. `contentType` is the whole header field. */
export function readForm(contentType: string, body: Uint8Array): FormFields | null {
  if (/[\r\n\0]/.test(contentType)) return null;
  const { value } = parseParameterized(contentType);
  if (lowerAscii(value) === "application/x-www-form-urlencoded") return readUrlencoded(body);
  return lowerAscii(value) === "multipart/form-data" ? readMultipart(contentType, body) : null;
}

function readUrlencoded(body: Uint8Array): FormFields | null {
  const fields: [string, Uint8Array][] = [];
  for (let at = 0; at < body.length;) {
    const next = body.indexOf(38, at); // &
    const end = next < 0 ? body.length : next;
    const equals = body.subarray(at, end).indexOf(61);
    const middle = equals < 0 ? end : at + equals;
    if (fields.length === MOST) return null;
    const name = new TextDecoder().decode(percentDecoded(body.subarray(at, middle)));
    fields.push([name, percentDecoded(body.subarray(Math.min(end, middle + 1), end))]);
    at = end + 1;
  }
  return fields;
}

/** `+` is a blank; a `%` that begins no octet stays. */
function percentDecoded(text: Uint8Array): Uint8Array {
  const out = new Uint8Array(text.length);
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const octet = text[i]!;
    const [high, low] = [hexDigit(text[i + 1]), hexDigit(text[i + 2])];
    if (octet === 37 && high >= 0 && low >= 0) {
      out[size++] = high * 16 + low;
      i += 2;
    } else out[size++] = octet === 43 ? 32 : octet;
  }
  return out.subarray(0, size);
}

function hexDigit(octet: number | undefined): number {
  if (octet === undefined) return -1;
  if (octet >= 48 && octet <= 57) return octet - 48;
  const lower = octet | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** RFC 7578: it is MIME, so the index of messages finds its parts. */
function readMultipart(contentType: string, body: Uint8Array): FormFields | null {
  const head = latin1Bytes(`Content-Type: ${contentType.replace(/[^\x20-\x7e]/g, "?")}\r\n\r\n`);
  const indexer = new MessageIndexer();
  indexer.push(head);
  indexer.push(body);
  const { root, truncated } = indexer.finish();
  if (truncated.includes("parts") || root.parts.length === 0 || root.parts.length > MOST) return null;
  return root.parts.map((
    { disposition, bodyStart, bodyEnd },
  ) => [
    paramOf(disposition?.params ?? [], "name") ?? "",
    body.subarray(bodyStart - head.length, bodyEnd - head.length),
  ]);
}
