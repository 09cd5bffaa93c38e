import { lowerAscii } from "../../base/ascii.ts";
import { ask, type Program } from "../../contract/mod.ts";
import { sendDecoded } from "../binary.ts";
import { AFTER_LOGIN, type Command } from "../command.ts";
import type { Pieces } from "../fetch_row.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { urlRow } from "../url_parts.ts";
import { URL_ITEMS, type UrlItem, urlValue } from "../url_values.ts";
import { type ImapUrl, parseImapUrl } from "../wire/imap_url.ts";
import type { Lexer } from "../wire/lexer.ts";
import { astring } from "../wire/strings.ts";
import { URLS_LIMIT } from "./genurlauth.ts";

/** A URL, and what of it is asked for: nothing named is the old form, which gives the octets alone. */
interface Asked {
  readonly text: string;
  readonly items: readonly UrlItem[];
}

/** URLFETCH (RFC 4467 section 7, RFC 5524): what a URL authorizes to read, or NIL, whatever the reason. */
export const urlFetch: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const urls: Asked[] = [];
    do {
      lexer.sp();
      urls.push(asked(lexer));
    } while (!lexer.atEnd());
    if (urls.length > URLS_LIMIT) lexer.fail("Too many URLs");
    return run(state, urls);
  },
};

/** `url / "(" url *(SP url-fetch-param) ")"` */
function asked(lexer: Lexer): Asked {
  if (!lexer.tryChar("(")) return { text: lexer.astring(), items: [] };
  const text = lexer.astring();
  const items = new Set<UrlItem>();
  while (lexer.tryChar(" ")) {
    const word = lexer.word();
    items.add(URL_ITEMS.find((item) => item === word) ?? lexer.fail("No such parameter"));
  }
  // RFC 5524 section 3: one or the other.
  if (items.has("BODY") && items.has("BINARY")) lexer.fail("BODY and BINARY exclude each other");
  lexer.char(")");
  return { text, items: [...items] };
}

function* run(state: ImapState, urls: readonly Asked[]): CommandProgram {
  for (const { text, items } of urls) {
    const pieces = yield* authorizedValue(state, text, items);
    yield sendText(`* URLFETCH ${astring(text)} `);
    for (const piece of pieces ?? ["NIL"]) {
      if (typeof piece === "string") yield sendText(piece);
      else if (piece.type !== "decoded") yield piece;
      else if (!(yield* sendDecoded(piece))) return { then: "cut" };
    }
    yield sendText("\r\n");
  }
  return ok("Fetched");
}

function* authorizedValue(state: ImapState, text: string, items: readonly UrlItem[]): Program<Pieces | null> {
  const url = parseImapUrl(text);
  if (url === null || !(yield* mayBeAsked(state, url))) return null;
  const { rump, token } = url.authorization!;
  const owner = yield* ask("url.verify", { owner: url.user!, path: url.path, rump, token: token! });
  if (owner === null) return null;
  const { accountId, mailboxId } = owner;
  if (url.uidValidity !== null) {
    const mailbox = yield* ask("mailbox.get", { accountId, path: url.path });
    if (mailbox?.uidValidity !== url.uidValidity) return null;
  }
  const row = yield* urlRow(accountId, mailboxId, url);
  return row && (yield* urlValue(accountId, row, url, items, state.utf8));
}

/** Section 3: whom the access identifier means, and until when. No submission server logs in here, so `submit+` is nobody. */
function* mayBeAsked(state: ImapState, { user, host, expires, authorization }: ImapUrl): Program<boolean> {
  if (user === null || host === null || lowerAscii(host) !== lowerAscii(state.options.hostname)) return false;
  if (authorization === null || authorization.mechanism !== "INTERNAL") return false;
  if (authorization.access === "submit+") return false;
  if (authorization.access === "user+" && lowerAscii(authorization.user!) !== lowerAscii(state.login!.login)) {
    return false;
  }
  return expires === null || expires > (yield* ask("clock.now", {}));
}
