/** The fields that a milter hears, in their order, so that it can name one of them later. */
import { latin1String, utf8Bytes, utf8Strict } from "../../base/bytes.ts";
import { lowerAscii } from "../../base/ascii.ts";
import type { OctetRange } from "../../base/octet_ranges.ts";
import { headerFields } from "../../message/header.ts";
import type { AddedField } from "../field.ts";

/** A field of a message: its octets, or its place among those that were added before. */
export type FieldPlace = OctetRange | number;

export interface ToldField {
  readonly name: string;
  /** As the protocol has it: folds with LF alone, NUL behind. */
  readonly value: Uint8Array;
  readonly place: FieldPlace;
}

/** What filters before have added stands on top; what they removed is not there. */
export function toldFields(
  header: Uint8Array,
  added: readonly AddedField[],
  removed: readonly OctetRange[],
): ToldField[] {
  const gone = (start: number) => removed.some((range) => range.start <= start && start < range.end);
  return [
    ...added.map(({ name, value }, place): ToldField => ({ name, value: octetsOf(value), place })),
    ...headerFields(header).filter(({ start }) => !gone(start)).map(({ start, end, raw }): ToldField => {
      const octets = header.subarray(start, header.indexOf(58, start));
      const name = (utf8Strict(octets) ?? latin1String(octets)).trimEnd();
      return { name, value: fieldValue(header, start, raw), place: { start, end } };
    }),
  ];
}

/** The field that a milter means: `index` counts those of a name from 1, as they were told; removing moves none. */
export function placeOf(fields: readonly ToldField[], name: string, index: number): FieldPlace | null {
  const wanted = lowerAscii(name);
  const named = fields.filter((field) => lowerAscii(field.name) === wanted);
  return named[Math.max(1, index) - 1]?.place ?? null;
}

function octetsOf(value: string): Uint8Array {
  return utf8Bytes(value.replaceAll("\r", "").replaceAll("\0", "") + "\0");
}

/** As the other side expects it: without the first space, folds with LF alone, octets as they came. */
function fieldValue(header: Uint8Array, start: number, raw: string): Uint8Array {
  const at = header.indexOf(58, start) + 1;
  const octets = header.subarray(at, at + raw.length).filter((octet) => octet !== 13 && octet !== 0);
  const from = octets[0] === 32 ? 1 : 0;
  const to = octets.at(-1) === 10 ? octets.length - 1 : octets.length;
  const value = new Uint8Array(Math.max(0, to - from) + 1);
  value.set(octets.subarray(from, Math.max(from, to)));
  return value;
}
