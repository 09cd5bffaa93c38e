import { ask, type Uid } from "../../contract/mod.ts";
import { type NewMessage, newMessage, sealMessages } from "../append_message.ts";
import { arrived, BAD_NAME, type Command, refresh, SELECTED, spMailbox } from "../command.ts";
import { bad, no, ok, type Reply } from "../reply.ts";
import { type CommandProgram, type ImapState, removeMessages, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";
import type { Lexer } from "../wire/lexer.ts";
import { copyRefusal } from "./copy.ts";

/** What a REPLACE names: a message of the selected mailbox (`*` is the last), and what takes its place. */
interface Request {
  readonly number: number | "*";
  readonly byUid: boolean;
  readonly path: string | null;
  readonly message: NewMessage;
}

/** REPLACE and UID REPLACE (RFC 8508) */
export const replace: Command = {
  states: SELECTED,
  parse(lexer, state, byUid) {
    lexer.sp();
    const number = lexer.tryChar("*") ? "*" : lexer.nzNumber();
    const path = spMailbox(lexer, state);
    const message = spMessage(lexer);
    lexer.end(); // RFC 8508 section 4.7: one message, never several
    return run(state, { number, byUid, path, message });
  },
};

function spMessage(lexer: Lexer): NewMessage {
  lexer.sp();
  return newMessage(lexer);
}

function* run(state: ImapState, request: Request): CommandProgram {
  const view = state.view!;
  const { path } = request;
  if (path === null) return BAD_NAME;
  if (view.readOnly) return no(TEXTS.readOnly, "CANNOT");
  const uid = uidOf(state, request);
  if (typeof uid !== "number") return uid;
  const sealed = yield* sealMessages(state, [request.message]);
  if (!Array.isArray(sealed)) return sealed as Reply;
  const now = yield* ask("clock.now", {});
  const { accountId, mailboxId } = view;
  const done = yield* ask("email.replace", { accountId, mailboxId, uid, path, message: sealed[0]!, now });
  if ("refused" in done) {
    if (done.refused !== "gone") return copyRefusal(done.refused);
    yield* refresh(view);
    return no(TEXTS.expungeIssued, "EXPUNGEISSUED");
  }
  // RFC 8508 section 4.3: APPENDUID goes before the EXPUNGE response, in an untagged OK.
  yield sendText(`* OK [APPENDUID ${done.uidValidity} ${done.uid}] Replaced\r\n`);
  const text = removeMessages(state, [uid]);
  if (text !== "") yield sendText(text);
  yield* arrived(state, path, [done.uid]);
  // RFC 8508 section 4.5: as after UID EXPUNGE.
  return ok("Replaced", state.condstore ? `HIGHESTMODSEQ ${done.modseq}` : null);
}

/** The UID of the message to replace, or why there is none. */
function uidOf(state: ImapState, { number, byUid }: Request): Uid | Reply {
  const view = state.view!;
  const seq = number === "*" ? view.count : byUid ? view.seqOf(number) : number;
  if (seq >= 1 && seq <= view.count) return view.uidAt(seq);
  return byUid ? no(TEXTS.noMessage, "NONEXISTENT") : bad(TEXTS.badSequence);
}
