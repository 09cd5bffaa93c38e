/** Which literals are taken, by the state of the session and the command they belong to. */
import { bad, no } from "./reply.ts";
import type { ImapState } from "./session.ts";
import { METADATA_LIMITS } from "../contract/mod.ts";
import { TEXTS } from "./texts.ts";
import { upperAscii } from "../base/ascii.ts";
import type { LiteralDecision, Piece, ReaderRules } from "./wire/command_reader.ts";

/** Rules for the next piece of input. */
export function readerRules(state: ImapState): ReaderRules {
  const loggedIn = state.login !== null;
  const { limits } = state;
  return {
    lineLimit: loggedIn ? limits.lineAfter : limits.lineBefore,
    discardLimit: loggedIn ? limits.messageSize * 2 : limits.literalBefore * 16,
    decide: (pieces, size, literal8) => decide(state, pieces, size, literal8),
  };
}

function decide(state: ImapState, pieces: readonly Piece[], size: number, literal8: boolean): LiteralDecision {
  if (state.login !== null && isMessage(pieces)) return decideMessage(state, size);
  const value = state.login !== null && isMetadataValue(pieces);
  if (value && size > METADATA_LIMITS.value) {
    return { take: "refuse", reply: no(TEXTS.valueTooLarge, `METADATA MAXSIZE ${METADATA_LIMITS.value}`) };
  }
  // RFC 9051 section 4.3: strings have no NUL; literal8 is for messages and annotations (RFC 3516 section 4.4, RFC 5464).
  if (literal8 && !value) return { take: "refuse", reply: bad(TEXTS.literal8) };
  let buffered = size;
  for (const piece of pieces) {
    if (typeof piece !== "string" && piece.kind === "buffered") buffered += piece.bytes.length;
  }
  const limit = state.login === null ? state.limits.literalBefore : state.limits.literalAfter;
  return buffered <= limit ? { take: "buffer" } : { take: "refuse", reply: no(TEXTS.literalTooLarge, "LIMIT") };
}

function decideMessage(state: ImapState, size: number): LiteralDecision {
  // RFC 7889 section 4: TOOBIG for a message beyond APPENDLIMIT.
  if (size > state.limits.messageSize) return { take: "refuse", reply: no(TEXTS.tooBig, "TOOBIG") };
  if (state.sinks.length >= state.limits.appendMessages) {
    return { take: "refuse", reply: no(TEXTS.literalTooLarge, "LIMIT") };
  }
  const sink = state.nextSink++;
  if (size > 0) state.sinks.push(sink);
  return { take: "stream", sink };
}

/** Every literal of APPEND and REPLACE is a message or a part of one, but for a mailbox name and the URLs of CATENATE. */
function isMessage(pieces: readonly Piece[]): boolean {
  const first = pieces[0];
  if (typeof first !== "string") return false;
  const words = first.slice(0, 300).split(" ", 5);
  const at = mailboxAt(words);
  if (at === null || words.length <= at) return false;
  if (pieces.length === 1 && words[at] === "") return false;
  return !isUrl(pieces);
}

/** Which word is the name of the mailbox: `tag APPEND name`, `tag REPLACE 1 name`, `tag UID REPLACE 1 name`. */
function mailboxAt(words: readonly string[]): number | null {
  const name = upperAscii(words[1] ?? "");
  if (name === "APPEND") return 2;
  if (name === "REPLACE") return 3;
  return name === "UID" && upperAscii(words[2] ?? "") === "REPLACE" ? 4 : null;
}

/** RFC 4469: `URL SP astring` inside the parentheses of CATENATE. */
function isUrl(pieces: readonly Piece[]): boolean {
  const last = pieces[pieces.length - 1];
  if (typeof last !== "string" || !/[( ]URL $/i.test(last)) return false;
  return pieces.some((piece) => typeof piece === "string" && /(^| )CATENATE \(/i.test(piece));
}

/** A literal of SETMETADATA that is not the name of the mailbox. */
function isMetadataValue(pieces: readonly Piece[]): boolean {
  const first = pieces[0];
  if (typeof first !== "string") return false;
  const words = first.slice(0, 300).split(" ", 3);
  if (words.length < 3 || upperAscii(words[1]!) !== "SETMETADATA") return false;
  return pieces.length > 1 || words[2] !== "";
}
