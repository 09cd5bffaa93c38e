import { lowerAscii } from "../../base/ascii.ts";
import { latin1String } from "../../base/bytes.ts";
import { ask, type BodyPart, type Program } from "../../contract/mod.ts";
import { AFTER_LOGIN, type Command } from "../command.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { sizeOf, urlParts } from "../url_parts.ts";
import { type ImapUrl, parseImapUrl } from "../wire/imap_url.ts";
import { astring } from "../wire/strings.ts";
import { URLS_LIMIT } from "./genurlauth.ts";

/** URLFETCH (RFC 4467 section 7): the octets that a URL authorizes to read, or NIL, whatever the reason. */
export const urlFetch: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const urls: string[] = [];
    do {
      lexer.sp();
      urls.push(lexer.astring());
    } while (!lexer.atEnd());
    if (urls.length > URLS_LIMIT) lexer.fail("Too many URLs");
    return run(state, urls);
  },
};

function* run(state: ImapState, urls: readonly string[]): CommandProgram {
  for (const text of urls) {
    const parts = yield* authorizedParts(state, text);
    const label = `* URLFETCH ${astring(text)}`;
    if (parts === null) {
      yield sendText(`${label} NIL\r\n`);
      continue;
    }
    yield sendText(`${label} {${sizeOf(parts)}}\r\n`);
    for (const part of parts) {
      if ("octets" in part) yield sendText(latin1String(part.octets));
      else yield { type: "sendBlob", ...part };
    }
    yield sendText("\r\n");
  }
  return ok("Fetched");
}

function* authorizedParts(state: ImapState, text: string): Program<BodyPart[] | null> {
  const url = parseImapUrl(text);
  if (url === null || !(yield* mayBeAsked(state, url))) return null;
  const { rump, token } = url.authorization!;
  const owner = yield* ask("url.verify", { owner: url.user!, path: url.path, rump, token: token! });
  if (owner === null) return null;
  if (url.uidValidity !== null) {
    const mailbox = yield* ask("mailbox.get", { accountId: owner.accountId, path: url.path });
    if (mailbox?.uidValidity !== url.uidValidity) return null;
  }
  return yield* urlParts(owner.accountId, owner.mailboxId, url);
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
