/** A letter that a run wants to be sent, as octets. */
import { concatBytes } from "../base/bytes.ts";
import { buildField, buildMessage } from "../message/build.ts";
import type { SieveLetter } from "./result.ts";
import { draftFields, entityOctets, splitEntity } from "./run/draft.ts";
import { lowerAscii } from "../base/ascii.ts";
import { latin1Bytes } from "../base/bytes.ts";

/** What a letter still lacks. */
export interface SieveLetterFacts {
  /** Full value of Date. */
  readonly date: string;
  /** With angle brackets. */
  readonly messageId: string;
  /** Letters and digits that nobody can guess. */
  readonly boundary: string;
}

/** The octets of a letter, with CRLF. */
export function sieveLetter(letter: SieveLetter, facts: SieveLetterFacts): Uint8Array {
  const headers = [["Date", facts.date], ["Message-ID", facts.messageId], ...letter.headers] as const;
  if ("text" in letter.content) {
    return buildMessage({
      headers: headers.map(([name = "", value = ""]) => [name, value] as const),
      body: { type: "text/plain", text: letter.content.text },
    }, facts.boundary);
  }
  const { header, body } = splitEntity(entityOctets(letter.content.entity));
  // RFC 5230 section 4.4: the script gives the fields of MIME, and only those count.
  const own = draftFields(header).filter(({ name }) => name.startsWith("content-"));
  return concatBytes([
    ...headers.filter(([name = ""]) => !lowerAscii(name).startsWith("content-"))
      .map(([name = "", value = ""]) => buildField(name, value)),
    buildField("MIME-Version", "1.0"),
    latin1Bytes(own.map(({ whole }) => whole).join("")),
    latin1Bytes("\r\n"),
    body,
  ]);
}
