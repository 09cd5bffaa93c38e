/** The octets of a header that a signature is of (RFC 6376 section 3.7, step 2). */
import { concatBytes, latin1Bytes } from "../../base/bytes.ts";
import type { Canonicalization } from "./body_canon.ts";
import { FieldPicker, relaxedField, type SignedField } from "./header_fields.ts";
import type { Tag } from "./tag_list.ts";

/** What is signed: the fields of h=, then the signature field itself with b= empty and without a line end. */
export function headerData(
  fields: readonly SignedField[],
  signature: SignedField,
  signatureAt: Tag,
  names: readonly string[],
  canon: Canonicalization,
): Uint8Array {
  const picker = new FieldPicker(fields, signature);
  const parts: Uint8Array[] = [];
  for (const name of names) {
    const field = picker.pick(name);
    if (field) parts.push(field.canonical(canon));
  }
  parts.push(latin1Bytes(withoutSignature(signature, signatureAt, canon)));
  return concatBytes(parts);
}

/** The signature field with the value of b= taken out, white space around it too. */
export function withoutSignature(field: SignedField, { start, end }: Tag, canon: Canonicalization): string {
  const value = field.value.slice(0, start) + field.value.slice(end);
  return canon === "relaxed" ? relaxedField(field.name, value) : field.text.slice(0, field.valueStart) + value;
}
