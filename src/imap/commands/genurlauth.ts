import { lowerAscii } from "../../base/ascii.ts";
import { ask, type Program } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, type Command } from "../command.ts";
import { no, ok, type Reply } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";
import { parseImapUrl } from "../wire/imap_url.ts";
import { string } from "../wire/strings.ts";

/** URLs of one command. */
export const URLS_LIMIT = 100;

/** GENURLAUTH (RFC 4467 section 7): turns rumps into URLs that authorize. The only mechanism is INTERNAL. */
export const genUrlAuth: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const rumps: { rump: string; mechanism: string }[] = [];
    do {
      lexer.sp();
      const rump = lexer.astring();
      lexer.sp();
      rumps.push({ rump, mechanism: lexer.word() });
    } while (!lexer.atEnd());
    if (rumps.length > URLS_LIMIT) lexer.fail("Too many URLs");
    return run(state, rumps);
  },
};

function* run(state: ImapState, rumps: readonly { rump: string; mechanism: string }[]): CommandProgram {
  let urls = "";
  for (const { rump, mechanism } of rumps) {
    if (mechanism !== "INTERNAL") return no(TEXTS.noUrlMechanism, "URLMECH INTERNAL");
    const url = yield* sign(state, rump);
    if (typeof url !== "string") return url;
    urls += ` ${string(url)}`;
  }
  yield sendText(`* GENURLAUTH${urls}\r\n`);
  return ok("Authorized");
}

/** Section 7: an absolute URL of one's own message on this server, with an access identifier and no token yet. */
function* sign(state: ImapState, rump: string): Program<string | Reply> {
  const url = parseImapUrl(rump);
  const own = url !== null && url.user !== null && lowerAscii(url.user) === lowerAscii(state.login!.login);
  const here = url !== null && url.host !== null && lowerAscii(url.host) === lowerAscii(state.options.hostname);
  if (!own || !here || url.authorization === null || url.authorization.token !== null) {
    return no(TEXTS.badUrl, `BADURL ${rump.replace(/[\]\r\n\\]/g, "?")}`);
  }
  const signed = yield* ask("url.sign", { accountId: accountOf(state), path: url.path, rump });
  if (signed === null) return no(TEXTS.badUrl, `BADURL ${rump.replace(/[\]\r\n\\]/g, "?")}`);
  return `${rump}:internal:${signed.token}`;
}
