import { ask, type BlobId, type Program } from "../../contract/mod.ts";
import { catenate, type CatenatePart, catenateParts } from "../catenate.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, refresh, spMailbox } from "../command.ts";
import { no, ok, type Reply } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import { TEXTS } from "../texts.ts";
import type { StreamedLiteral } from "../wire/command_reader.ts";
import { dateTime } from "../wire/dates.ts";
import { flagList } from "../wire/flags.ts";
import type { Lexer } from "../wire/lexer.ts";
import { formatSet } from "../wire/sequence_set.ts";
import { copyRefusal } from "./copy.ts";

interface Message {
  readonly flags: readonly string[];
  readonly internalDate: number | null;
  /** One literal, or the parts of CATENATE. */
  readonly body: StreamedLiteral | readonly CatenatePart[];
}

/** APPEND (RFC 9051 section 6.3.12), several messages at once too (RFC 3502). */
export const append: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const path = spMailbox(lexer, state);
    const messages: Message[] = [];
    do {
      lexer.sp();
      messages.push(message(lexer));
    } while (!lexer.atEnd());
    return run(state, path, messages);
  },
};

/** `[SP flag-list] [SP date-time] SP literal` */
function message(lexer: Lexer): Message {
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

function body(lexer: Lexer): Message["body"] {
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

function* run(state: ImapState, path: string | null, messages: readonly Message[]): CommandProgram {
  if (path === null) return BAD_NAME;
  const sealed = yield* seal(state, messages);
  if (!Array.isArray(sealed)) return sealed as Reply;
  const now = yield* ask("clock.now", {});
  const done = yield* ask("email.append", { accountId: accountOf(state), path, messages: sealed, now });
  if ("refused" in done) return copyRefusal(done.refused);
  // RFC 9051 section 6.3.12: whoever has the mailbox selected is told of the message at once.
  if (state.view?.path === path) yield* refresh(state.view);
  return ok("Appended", `APPENDUID ${done.uidValidity} ${formatSet(done.uids)}`);
}

type Sealed = { readonly blobId: BlobId; readonly flags: readonly string[]; readonly internalDate: number | null };

/** The machine lets go of the sinks when the command ends, however it ends. */
function* seal(state: ImapState, messages: readonly Message[]): Program<Sealed[] | Reply> {
  const sealed: Sealed[] = [];
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
