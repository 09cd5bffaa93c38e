/** Messages as APPEND and REPLACE bring them: flags, a date, and a body in a literal or in parts. */
import { ask, type BlobId, type Program } from "../contract/mod.ts";
import { catenate, type CatenatePart, catenateParts } from "./catenate.ts";
import { no, type Reply } from "./reply.ts";
import type { ImapState } from "./session.ts";
import { TEXTS } from "./texts.ts";
import type { StreamedLiteral } from "./wire/command_reader.ts";
import { dateTime } from "./wire/dates.ts";
import { flagList } from "./wire/flags.ts";
import type { Lexer } from "./wire/lexer.ts";

export interface NewMessage {
  readonly flags: readonly string[];
  readonly internalDate: number | null;
  /** One literal, or the parts of CATENATE. */
  readonly body: StreamedLiteral | readonly CatenatePart[];
}

/** `[SP flag-list] [SP date-time] SP literal` */
export function newMessage(lexer: Lexer): NewMessage {
  let flags: readonly string[] = [];
  let internalDate: number | null = null;
  if (lexer.peek() === "(") {
    flags = flagList(lexer);
    lexer.sp();
  }
  if (lexer.peek() === '"') {
    internalDate = dateTime(lexer);
    lexer.sp();
  }
  return { flags, internalDate, body: body(lexer) };
}

function body(lexer: Lexer): NewMessage["body"] {
  if (lexer.tryWord("UTF8")) return utf8Message(lexer);
  if (!lexer.tryWord("CATENATE")) return lexer.message();
  lexer.sp();
  return catenateParts(lexer, utf8Message);
}

/** `"UTF8" SP "(" literal8 ")"` (RFC 6855 section 4): headers are kept as they come in either case. */
function utf8Message(lexer: Lexer): StreamedLiteral {
  lexer.sp();
  lexer.char("(");
  const literal = lexer.message();
  lexer.char(")");
  return literal;
}

/** A message whose body is whole. */
export type SealedMessage = {
  readonly blobId: BlobId;
  readonly flags: readonly string[];
  readonly internalDate: number | null;
};

/** The machine lets go of the sinks when the command ends, however it ends. */
export function* sealMessages(state: ImapState, messages: readonly NewMessage[]): Program<SealedMessage[] | Reply> {
  const sealed: SealedMessage[] = [];
  for (const { body, flags, internalDate } of messages) {
    const made = "sink" in body ? yield* sealOne(body) : yield* catenate(state, body);
    if (!("blobId" in made)) return made;
    // RFC 3502 section 6.3.11: a client takes the whole command back with an empty literal.
    if (made.size === 0) return no(TEXTS.emptyMessage);
    sealed.push({ blobId: made.blobId, flags, internalDate });
  }
  return sealed;
}

function* sealOne(
  { sink, size }: StreamedLiteral,
): Program<{ readonly blobId: BlobId; readonly size: number } | Reply> {
  if (size === 0) return no(TEXTS.emptyMessage);
  const body = yield* ask("body.seal", { sink });
  return "refused" in body ? no(TEXTS.noSpace, "LIMIT") : body;
}
