/** Fields of a part from the properties that stand for them (RFC 8621 section 4.1.4). */
import { utf8Bytes } from "../../base/bytes.ts";
import { formatParameterized } from "../../message/mod.ts";
import type { JsonObject } from "../json.ts";
import type { WrittenField } from "./header_write.ts";

/** All that a part may have, besides single header fields. */
export const PART_PROPERTIES: ReadonlySet<string> = new Set([
  "partId",
  "blobId",
  "size",
  "headers",
  "name",
  "type",
  "charset",
  "disposition",
  "cid",
  "language",
  "location",
  "subParts",
]);

/** RFC 8621 section 4.6: no two properties may be the same header field. */
const SAME_FIELD: readonly (readonly [field: string, properties: readonly string[]])[] = [
  ["content-type", ["type", "charset", "name"]],
  ["content-disposition", ["disposition", "name"]],
  ["content-id", ["cid"]],
  ["content-language", ["language"]],
  ["content-location", ["location"]],
];

/** `charset`: that of a text of the server's own writing. `bad` gathers what is not as it must be. */
export function describePart(
  part: JsonObject,
  type: string,
  own: readonly WrittenField[],
  charset: string | null,
  path: string,
  bad: string[],
): readonly Uint8Array[] {
  const has = (name: string) => own.some((field) => field.name === name);
  if (has("content-transfer-encoding")) bad.push(`${path}/header:Content-Transfer-Encoding`);
  for (const [field, properties] of SAME_FIELD) {
    if (has(field)) { for (const one of properties) if ((part[one] ?? null) !== null) bad.push(`${path}/${one}`); }
  }
  const text = (name: string, pattern: RegExp): string | null => {
    const value = part[name] ?? null;
    if (value === null || (typeof value === "string" && pattern.test(value))) return value;
    bad.push(`${path}/${name}`);
    return null;
  };
  const name = text("name", NO_CONTROLS);
  const given = text("charset", NO_CONTROLS);
  const disposition = text("disposition", /^[a-z0-9-]{1,60}$/i) ?? (name !== null ? "attachment" : null);
  const cid = text("cid", /^[!-;=?-~]{1,900}$/);
  const location = text("location", /^[!-~]{1,900}$/);
  const fields: string[] = [];
  const add = (field: string, value: string) => {
    if (!has(field.toLowerCase())) fields.push(`${field}: ${value}`);
  };
  const params: [string, string][] = [];
  const set = charset ?? given;
  if (set !== null && type.startsWith("text/")) params.push(["charset", set]);
  if (name !== null) params.push(["name", name]);
  if (!type.startsWith("multipart/")) add("Content-Type", formatParameterized(type, params));
  if (disposition !== null) {
    add("Content-Disposition", formatParameterized(disposition, name === null ? [] : [["filename", name]]));
  }
  if (cid !== null) add("Content-ID", `<${cid}>`);
  const language = readLanguage(part, path, bad);
  if (language !== null) add("Content-Language", language);
  if (location !== null) add("Content-Location", location);
  return fields.map((field) => utf8Bytes(field + "\r\n"));
}

// deno-lint-ignore no-control-regex
const NO_CONTROLS = /^[^\0-\x1f\x7f]*$/;

function readLanguage({ language = null }: JsonObject, path: string, bad: string[]): string | null {
  if (language === null) return null;
  const isRight = Array.isArray(language) &&
    language.every((tag) => typeof tag === "string" && /^[a-z0-9-]{1,60}$/i.test(tag));
  if (!isRight) bad.push(`${path}/language`);
  return isRight && language.length > 0 ? (language as string[]).join(", ") : null;
}
