/** All commands by name, and the step from a whole command to its program. */
import { upperAscii } from "../base/ascii.ts";
import type { Command, ProtocolState } from "./command.ts";
import { append } from "./commands/append.ts";
import { authenticate } from "./commands/authenticate.ts";
import { cancelUpdate } from "./commands/cancelupdate.ts";
import { capability } from "./commands/capability.ts";
import { close } from "./commands/close.ts";
import { compress } from "./commands/compress.ts";
import { copy } from "./commands/copy.ts";
import { create } from "./commands/create.ts";
import { deleteMailbox } from "./commands/delete.ts";
import { deleteAcl } from "./commands/deleteacl.ts";
import { enable } from "./commands/enable.ts";
import { esearch } from "./commands/esearch.ts";
import { expunge } from "./commands/expunge.ts";
import { fetch } from "./commands/fetch.ts";
import { getMetadata } from "./commands/getmetadata.ts";
import { getAcl } from "./commands/getacl.ts";
import { getJmapAccess } from "./commands/getjmapaccess.ts";
import { getQuota } from "./commands/getquota.ts";
import { getQuotaRoot } from "./commands/getquotaroot.ts";
import { genUrlAuth } from "./commands/genurlauth.ts";
import { id } from "./commands/id.ts";
import { idle } from "./commands/idle.ts";
import { language } from "./commands/language.ts";
import { list } from "./commands/list.ts";
import { listRights } from "./commands/listrights.ts";
import { login } from "./commands/login.ts";
import { logout } from "./commands/logout.ts";
import { lsub } from "./commands/lsub.ts";
import { move } from "./commands/move.ts";
import { myRights } from "./commands/myrights.ts";
import { namespace } from "./commands/namespace.ts";
import { noop } from "./commands/noop.ts";
import { notify } from "./commands/notify.ts";
import { rename } from "./commands/rename.ts";
import { replace } from "./commands/replace.ts";
import { resetKey } from "./commands/resetkey.ts";
import { search } from "./commands/search.ts";
import { examine, select } from "./commands/select.ts";
import { setMetadata } from "./commands/setmetadata.ts";
import { setQuota } from "./commands/setquota.ts";
import { setAcl } from "./commands/setacl.ts";
import { startTls } from "./commands/starttls.ts";
import { sort } from "./commands/sort.ts";
import { status } from "./commands/status.ts";
import { store } from "./commands/store.ts";
import { subscribe, unsubscribe } from "./commands/subscribe.ts";
import { thread } from "./commands/thread.ts";
import { uidBatches } from "./commands/uidbatches.ts";
import { unauthenticate } from "./commands/unauthenticate.ts";
import { unselect } from "./commands/unselect.ts";
import { urlFetch } from "./commands/urlfetch.ts";
import { bad, no, type Reply } from "./reply.ts";
import { sequenceUse } from "./sequence_use.ts";
import type { CommandProgram, ImapState } from "./session.ts";
import { TEXTS } from "./texts.ts";
import type { Piece } from "./wire/command_reader.ts";
import { Lexer, Malformed } from "./wire/lexer.ts";

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["APPEND", append],
  ["AUTHENTICATE", authenticate],
  ["CANCELUPDATE", cancelUpdate],
  ["CAPABILITY", capability],
  ["CHECK", noop],
  ["CLOSE", close],
  ["COMPRESS", compress],
  ["COPY", copy],
  ["CREATE", create],
  ["DELETE", deleteMailbox],
  ["DELETEACL", deleteAcl],
  ["ENABLE", enable],
  ["ESEARCH", esearch],
  ["EXAMINE", examine],
  ["EXPUNGE", expunge],
  ["FETCH", fetch],
  ["GETMETADATA", getMetadata],
  ["GETACL", getAcl],
  ["GETJMAPACCESS", getJmapAccess],
  ["GETQUOTA", getQuota],
  ["GETQUOTAROOT", getQuotaRoot],
  ["GENURLAUTH", genUrlAuth],
  ["ID", id],
  ["IDLE", idle],
  ["LANGUAGE", language],
  ["LIST", list],
  ["LISTRIGHTS", listRights],
  ["LOGIN", login],
  ["LOGOUT", logout],
  ["LSUB", lsub],
  ["MOVE", move],
  ["MYRIGHTS", myRights],
  ["NAMESPACE", namespace],
  ["NOOP", noop],
  ["NOTIFY", notify],
  ["RENAME", rename],
  ["REPLACE", replace],
  ["RESETKEY", resetKey],
  ["SEARCH", search],
  ["SELECT", select],
  ["SETMETADATA", setMetadata],
  ["SETQUOTA", setQuota],
  ["SORT", sort],
  ["SETACL", setAcl],
  ["STARTTLS", startTls],
  ["STATUS", status],
  ["STORE", store],
  ["SUBSCRIBE", subscribe],
  ["THREAD", thread],
  ["UIDBATCHES", uidBatches],
  ["UNAUTHENTICATE", unauthenticate],
  ["UNSELECT", unselect],
  ["UNSUBSCRIBE", unsubscribe],
  ["URLFETCH", urlFetch],
]);

/** RFC 9051 section 6.4.9, RFC 4315: what may stand behind UID. */
const BY_UID: ReadonlyMap<string, Command> = new Map([
  ["COPY", copy],
  ["EXPUNGE", expunge],
  ["FETCH", fetch],
  ["MOVE", move],
  ["REPLACE", replace],
  ["SEARCH", search],
  ["SORT", sort],
  ["STORE", store],
  ["THREAD", thread],
]);

export type Prepared =
  | { readonly tag: string; readonly program: CommandProgram; readonly holdsExpunge: boolean }
  | { readonly tag: string; readonly reply: Reply };

/** Reads a command. `tag` is `*` where none can be read. */
export function prepare(state: ImapState, pieces: readonly Piece[]): Prepared {
  const lexer = new Lexer(pieces);
  const tag = readTag(lexer);
  if (tag === "*") return { tag, reply: bad(TEXTS.badTag) };
  try {
    lexer.sp();
    const name = upperAscii(lexer.atom());
    const byUid = name === "UID";
    if (byUid) lexer.sp();
    const named = byUid ? upperAscii(lexer.atom()) : name;
    const command = byUid ? BY_UID.get(named) : COMMANDS.get(named);
    if (!command) return { tag, reply: bad(TEXTS.unknownCommand) };
    const now = protocolState(state);
    if (!command.states.includes(now)) {
      const needsMailbox = now === "authenticated" && command.states.includes("selected");
      return { tag, reply: bad(needsMailbox ? TEXTS.noMailboxSelected : TEXTS.wrongState) };
    }
    if (needsUtf8(state, name)) return { tag, reply: no(TEXTS.utf8Only, "CANNOT") };
    const use = sequenceUse(named, byUid);
    // RFC 9586 section 3.1
    if (state.uidOnly && use.usesSequenceNumbers) return { tag, reply: bad(TEXTS.uidRequired, "UIDREQUIRED") };
    const program = command.parse(lexer, state, byUid);
    return { tag, program, holdsExpunge: !use.breaksSequenceNumbers };
  } catch (error) {
    if (error instanceof Malformed) return { tag, reply: bad(error.message, error.code) };
    throw error;
  }
}

/** RFC 6855 section 6: UTF8=ONLY serves nobody who has not enabled it. */
function needsUtf8(state: ImapState, name: string): boolean {
  return state.options.utf8Only && !state.utf8Accept && state.login !== null && !WITHOUT_UTF8.has(name);
}

const WITHOUT_UTF8: ReadonlySet<string> = new Set(["CAPABILITY", "ENABLE", "ID", "LOGOUT", "NOOP"]);

/** The tag, or `*`. */
export function readTag(lexer: Lexer): string {
  try {
    const tag = lexer.tag();
    return tag.length <= 255 ? tag : "*";
  } catch (error) {
    if (error instanceof Malformed) return "*";
    throw error;
  }
}

function protocolState(state: ImapState): ProtocolState {
  if (state.login === null) return "notAuthenticated";
  return state.view === null ? "authenticated" : "selected";
}
