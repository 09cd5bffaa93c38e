/** Header fields of a message that a client makes, from the forms it gives them in (RFC 8621 sections 4.1.2, 4.1.3 and 4.6). */
import { utf8Bytes } from "../../base/bytes.ts";
import { buildField, formatDate } from "../../message/mod.ts";
import { parseJmapDate } from "../date.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { type HeaderForm, parseHeaderProperty } from "./header_form.ts";
import { CONVENIENT } from "./properties.ts";

const NAMES: Readonly<Record<string, string>> = {
  "message-id": "Message-ID",
  "in-reply-to": "In-Reply-To",
  "reply-to": "Reply-To",
  "mime-version": "MIME-Version",
};
const FIELDS = 500;
const LISTS: ReadonlySet<HeaderForm> = new Set(["Addresses", "GroupedAddresses", "MessageIds", "URLs"]);

/** A field in its octets, with CRLF. */
export interface WrittenField {
  /** In lower case. */
  readonly name: string;
  /** What said it. */
  readonly property: string;
  readonly octets: Uint8Array;
}

const OTHERS: ReadonlySet<string> = new Set([
  ...["mailboxIds", "keywords", "receivedAt"],
  ...["bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments", "headers"],
]);

/** Whether an email may be made with this property; whether its value is right is another question. */
export function isCreateProperty(property: string): boolean {
  return OTHERS.has(property) || CONVENIENT.has(property) || property.startsWith("header:");
}

/** The fields that properties of an Email or of a part say; those that are none are left alone. `bad` gathers what is wrong. */
export function writeFields(object: JsonObject, bad: string[], path = ""): readonly WrittenField[] {
  const fields: WrittenField[] = [];
  const met = new Map<string, string>();
  for (const [property, value] of Object.entries(object)) {
    const convenient = CONVENIENT.get(property);
    const asked = convenient
      ? { name: convenient[0], form: convenient[1], all: false, written: spelling(convenient[0]) }
      : askedFor(property);
    if (asked === null) {
      if (property === "headers" || property.startsWith("header:")) bad.push(path + property);
      continue;
    }
    const other = met.get(asked.name);
    if (other !== undefined) bad.push(path + other, path + property);
    met.set(asked.name, property);
    if (value === null || other !== undefined) continue;
    const written = writeField(asked, value, property);
    if (written === null || fields.length + written.length > FIELDS) bad.push(path + property);
    else fields.push(...written);
  }
  return fields;
}

/** Null: the value is not as the form has it. */
function writeField(
  { name, form, all, written }: Pick<NonNullable<ReturnType<typeof askedFor>>, "name" | "form" | "all" | "written">,
  value: Json,
  property: string,
): readonly WrittenField[] | null {
  const values = all ? value : [value];
  if (!Array.isArray(values)) return null;
  const fields: WrittenField[] = [];
  for (const one of values) {
    // RFC 5322 section 3.6: a list has at least one in it; without any there is no field.
    if (LISTS.has(form) && Array.isArray(one) && one.length === 0) continue;
    const text = write(one as Json, form);
    const octets = text === null ? null : fieldOctets(written, text, form);
    if (octets === null) return null;
    fields.push({ name, property, octets });
  }
  return fields;
}

function askedFor(property: string) {
  const parsed = parseHeaderProperty(property);
  return parsed && { ...parsed, written: property.slice("header:".length).split(":")[0]! };
}

function spelling(name: string): string {
  return NAMES[name] ?? name[0]!.toUpperCase() + name.slice(1);
}

/** Null: this is no name of a header field. */
function fieldOctets(name: string, text: string, form: HeaderForm): Uint8Array | null {
  if (form === "Raw") return utf8Bytes(`${name}:${text}\r\n`);
  try {
    return buildField(name, text);
  } catch {
    return null;
  }
}

/** Null: the value is not of this form. */
function write(value: Json, form: HeaderForm): string | null {
  switch (form) {
    case "Raw":
      return typeof value === "string" && isRaw(value) ? value : null;
    case "Text":
      return typeof value === "string" ? value : null;
    case "Addresses":
      return Array.isArray(value) ? joined(value.map((one) => writeAddress(one as Json))) : null;
    case "GroupedAddresses":
      return Array.isArray(value) ? joined(value.map((one) => writeGroup(one as Json))) : null;
    case "MessageIds": {
      const isIds = Array.isArray(value) &&
        value.every((id) => typeof id === "string" && /^[!-;=?-~]{1,900}$/.test(id));
      return isIds ? value.map((id) => `<${id as string}>`).join(" ") : null;
    }
    case "Date": {
      const ms = typeof value === "string" ? parseJmapDate(value) : null;
      return ms === null ? null : formatDate(ms);
    }
    case "URLs": {
      const isUrls = Array.isArray(value) &&
        value.every((url) => typeof url === "string" && /^[!-;=?-~]{1,900}$/.test(url));
      return isUrls ? value.map((url) => `<${url as string}>`).join(", ") : null;
    }
  }
}

/** No line may end in it but where it is folded (RFC 5322 section 2.2.3): nothing can be smuggled in. */
function isRaw(text: string): boolean {
  return text.isWellFormed() && !/[\r\n\0]/.test(text.replace(/\r\n[ \t]+(?=\S)/g, " "));
}

function joined(parts: readonly (string | null)[]): string | null {
  return parts.every((part) => part !== null) ? parts.join(", ") : null;
}

function writeAddress(value: Json): string | null {
  if (!isObject(value)) return null;
  const { name = null, email } = value;
  if (typeof email !== "string" || (name !== null && typeof name !== "string")) return null;
  // deno-lint-ignore no-control-regex
  if (/[\0-\x1f\x7f<>]/.test(email) || email.length > 1000) return null;
  if (name === null || name === "") return email;
  return `"${name.replace(/[\\"]/g, "\\$&")}" <${email}>`;
}

function writeGroup(value: Json): string | null {
  if (!isObject(value) || !Array.isArray(value["addresses"])) return null;
  const { name = null } = value;
  const inside = joined(value["addresses"].map((one) => writeAddress(one as Json)));
  if (inside === null || (name !== null && typeof name !== "string")) return null;
  return name === null ? inside : `"${(name as string).replace(/[\\"]/g, "\\$&")}": ${inside};`;
}
