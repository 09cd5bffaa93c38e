/** The parts of a message that APPEND puts together (RFC 4469). */
import { ask, type BlobId, type BodyPart, type Program } from "../contract/mod.ts";
import { accountOf } from "./command.ts";
import { no, type Reply } from "./reply.ts";
import type { ImapState } from "./session.ts";
import { TEXTS } from "./texts.ts";
import { sizeOf, urlParts } from "./url_parts.ts";
import type { StreamedLiteral } from "./wire/command_reader.ts";
import { parseImapUrl } from "./wire/imap_url.ts";
import type { Lexer } from "./wire/lexer.ts";

/** `cat-part`: octets that came with the command, or a URL (latin1). */
export type CatenatePart = { readonly literal: StreamedLiteral } | { readonly url: string };

const PARTS_LIMIT = 1000;

/** `"(" cat-part *(SP cat-part) ")"`; with UTF8=ACCEPT also `"UTF8" SP "(" literal8 ")"` (RFC 6855 section 4). */
export function catenateParts(lexer: Lexer, utf8Message: (lexer: Lexer) => StreamedLiteral): readonly CatenatePart[] {
  const parts = lexer.list((): CatenatePart => {
    if (lexer.tryWord("UTF8")) return { literal: utf8Message(lexer) };
    const word = lexer.word();
    lexer.sp();
    if (word === "TEXT") return { literal: lexer.message() };
    return word === "URL" ? { url: lexer.astring() } : lexer.fail("TEXT or URL was expected");
  });
  return parts.length > PARTS_LIMIT ? lexer.fail("Too many parts") : parts;
}

/** Makes one body of them. */
export function* catenate(
  state: ImapState,
  parts: readonly CatenatePart[],
): Program<{ readonly blobId: BlobId; readonly size: number } | Reply> {
  const all: BodyPart[] = [];
  for (const part of parts) {
    const found = "url" in part ? yield* partsOfUrl(state, part.url) : yield* partsOfText(part.literal);
    if (!Array.isArray(found)) return found as Reply;
    all.push(...found);
  }
  if (sizeOf(all) > state.limits.messageSize) return no(TEXTS.tooBig, "TOOBIG");
  const sink = state.nextSink++;
  state.sinks.push(sink);
  const body = yield* ask("body.compose", { sink, parts: all });
  return "refused" in body ? no(TEXTS.noSpace, "LIMIT") : body;
}

function* partsOfText({ sink, size }: StreamedLiteral): Program<BodyPart[] | Reply> {
  if (size === 0) return [];
  const body = yield* ask("body.seal", { sink });
  return "refused" in body ? no(TEXTS.noSpace, "LIMIT") : [{ blobId: body.blobId, start: 0, end: body.size }];
}

/** RFC 4469 section 3: relative URLs alone, from here or from the selected mailbox. */
function* partsOfUrl(state: ImapState, text: string): Program<BodyPart[] | Reply> {
  const badUrl = no(TEXTS.badUrl, `BADURL ${text.replace(/[\]\r\n\\]/g, "?")}`);
  const url = parseImapUrl(text);
  if (url === null || url.host !== null || url.authorization !== null) return badUrl;
  const path = url.path === "" ? state.view?.path : url.path;
  if (path === undefined) return badUrl;
  const accountId = accountOf(state);
  const mailbox = yield* ask("mailbox.get", { accountId, path });
  if (mailbox === null || (url.uidValidity !== null && url.uidValidity !== mailbox.uidValidity)) return badUrl;
  return (yield* urlParts(accountId, mailbox.mailboxId, url)) ?? badUrl;
}
