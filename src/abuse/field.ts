/** Header fields that others want to have put before a message: nothing in them may make lines of its own. */

/** A field to add. */
export interface AddedField {
  readonly name: string;
  readonly value: string;
}

/** Fields of one message, and octets of one line (RFC 5322 section 2.1.1). */
const MOST_FIELDS = 50;
const LONGEST_LINE = 998;
const LONGEST_NAME = 76;

/** RFC 5322 section 3.6.8: printable ASCII but the colon. */
export function isFieldName(name: string): boolean {
  return name.length > 0 && name.length <= LONGEST_NAME && /^[\x21-\x39\x3b-\x7e]+$/.test(name);
}

/** The fields as text with CRLF. Folds stay where they are; what is no field, or has too long a line, is left out. */
export function fieldsText(fields: readonly AddedField[]): string {
  let text = "";
  for (const { name, value } of fields.slice(0, MOST_FIELDS)) {
    // A fold keeps its white space; a line end elsewhere, and every other control, is a space.
    // deno-lint-ignore no-control-regex
    const lines = value.split(/\r?\n(?=[ \t]+\S)/).map((line) => line.replace(/[\x00-\x08\x0a-\x1f\x7f]+/g, " "));
    const field = `${name}: ${lines.join("\r\n").trim()}`;
    if (isFieldName(name) && field.split("\r\n").every((line) => line.length <= LONGEST_LINE)) text += `${field}\r\n`;
  }
  return text;
}
