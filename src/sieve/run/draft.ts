/** The message while a script changes it: fields that can be edited, and a body of pieces. */
import { concatBytes, latin1Bytes, latin1String, utf8Bytes } from "../../base/bytes.ts";
import { headerFields } from "../../message/header.ts";
import type { SievePiece } from "../result.ts";

/** A field: what `headerFields` gives, and the octets of the whole as latin1. */
export interface DraftField {
  readonly name: string;
  readonly raw: string;
  readonly start: number;
  readonly end: number;
  readonly whole: string;
}

/** A form of the message. Values; each change makes a new one. */
export interface Draft {
  readonly fields: readonly DraftField[];
  readonly body: readonly SievePiece[];
}

/** The fields of a header. */
export function draftFields(header: Uint8Array): DraftField[] {
  const text = latin1String(header);
  return headerFields(text).map((field) => ({ ...field, whole: text.slice(field.start, field.end) }));
}

/** The octets of a header with its blank line. */
export function headerOctets(fields: readonly DraftField[]): Uint8Array {
  const lines = fields.map(({ whole }) => whole.endsWith("\n") ? whole : whole + "\r\n");
  return latin1Bytes(lines.join("") + "\r\n");
}

/** All of a draft. */
export function draftPieces(draft: Draft): SievePiece[] {
  return [{ octets: headerOctets(draft.fields) }, ...draft.body];
}

/** `pieces` with the range `[start, end)` of the blob, and what was put into it before, replaced. */
export function substitute(
  pieces: readonly SievePiece[],
  start: number,
  end: number,
  octets: Uint8Array,
): SievePiece[] {
  const out: SievePiece[] = [];
  let state: "before" | "inside" | "behind" = "before";
  for (const piece of pieces) {
    if ("octets" in piece) {
      if (state !== "inside") out.push(piece);
      continue;
    }
    if (piece.end <= start || piece.start >= end) {
      // An empty part between two ranges has no range of its own.
      if (state !== "behind" && piece.start >= end) {
        if (state === "before") out.push({ octets });
        state = "behind";
      }
      out.push(piece);
      continue;
    }
    if (piece.start < start) out.push({ start: piece.start, end: start });
    if (state === "before") out.push({ octets });
    state = piece.end >= end ? "behind" : "inside";
    if (piece.end > end) out.push({ start: end, end: piece.end });
  }
  if (state === "before") out.push({ octets });
  return out;
}

/** Text as the octets of a MIME entity: every line ends with CRLF. */
export function entityOctets(text: string): Uint8Array {
  return utf8Bytes(text.replace(/\r\n|\r|\n/g, "\r\n"));
}

/** Where a MIME entity's header ends and its body begins. */
export function splitEntity(octets: Uint8Array): { readonly header: Uint8Array; readonly body: Uint8Array } {
  const text = latin1String(octets);
  const fields = headerFields(text);
  let at = fields.at(-1)?.end ?? 0;
  const header = octets.subarray(0, at);
  if (text.startsWith("\r\n", at)) at += 2;
  return { header, body: concatBytes([octets.subarray(at)]) };
}
