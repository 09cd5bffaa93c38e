/** Writing the fields of signatures: tags in lines of at most 76 characters where their values allow it. */
import { encodeBase64 } from "../../base/base64.ts";
import { latin1Bytes } from "../../base/bytes.ts";
import { relaxedField } from "./header_fields.ts";
import type { DkimSigningKey } from "./signing_key.ts";

const LINE = 76;
const FOLD = "\r\n ";

/** A tag with its value; a list may be folded between its parts. */
export type PrintedTag = readonly [name: string, value: string | readonly string[]];

/** A field that waits for its signature. */
export interface FieldDraft {
  /** What is to be signed. */
  readonly data: Uint8Array;
  /** The field, without a line end behind it. */
  finish(signature: Uint8Array): string;
}

/** A field to be signed over `before` (canonical fields, each with its CRLF) and itself: its tags, then b=. Relaxed. */
export function draftField(name: string, tags: readonly PrintedTag[], before: string): FieldDraft {
  const unsigned = `${foldedTags(name, tags)}${FOLD}b=`;
  const data = before + relaxedField(name.toLowerCase(), unsigned.slice(name.length + 1));
  return {
    data: latin1Bytes(data),
    finish(signature) {
      const value = encodeBase64(signature);
      // White space in b= is not part of it, so it is folded after signing.
      const lines = [value.slice(0, LINE - 3)];
      for (let at = LINE - 3; at < value.length; at += LINE - 1) lines.push(value.slice(at, at + LINE - 1));
      return unsigned + lines.join(FOLD);
    },
  };
}

/** The same, signed at once. */
export function signedField(name: string, tags: readonly PrintedTag[], before: string, key: DkimSigningKey): string {
  const draft = draftField(name, tags, before);
  return draft.finish(key.sign(draft.data));
}

/** `Name: a=…; c=…; …;` */
function foldedTags(name: string, tags: readonly PrintedTag[]): string {
  const lines: string[] = [];
  let line = `${name}:`;
  const put = (word: string, space: string) => {
    if (line.length + space.length + word.length <= LINE) line += space + word;
    else {
      lines.push(line);
      line = " " + word;
    }
  };
  for (const [tag, value] of tags) {
    const parts = typeof value === "string" ? [value] : value;
    parts.forEach((part, index) => {
      const first = index === 0 ? `${tag}=` : "";
      put(`${first}${part}${index === parts.length - 1 ? ";" : ":"}`, index === 0 ? " " : "");
    });
  }
  return [...lines, line].join("\r\n");
}
