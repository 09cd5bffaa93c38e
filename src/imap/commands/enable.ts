import { AFTER_LOGIN, type Command } from "../command.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";

/** ENABLE (RFC 9051 section 6.3.1, RFC 5161). Names that cannot be enabled are ignored. */
export const enable: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const names: string[] = [];
    do {
      lexer.sp();
      names.push(lexer.word());
    } while (!lexer.atEnd());
    return run(state, names);
  },
};

function* run(state: ImapState, names: readonly string[]): CommandProgram {
  const enabled: string[] = [];
  if (names.includes("IMAP4REV2") && !state.rev2) {
    state.rev2 = state.utf8 = true;
    enabled.push("IMAP4rev2");
  }
  if (names.includes("UTF8=ACCEPT") && !state.utf8Accept) {
    state.utf8Accept = state.utf8 = true;
    enabled.push("UTF8=ACCEPT");
  }
  if (names.includes("CONDSTORE") && !state.condstore) {
    state.condstore = true;
    enabled.push("CONDSTORE");
  }
  if (names.includes("QRESYNC") && !state.qresync) {
    state.qresync = state.condstore = true; // RFC 7162 section 3.2.3: CONDSTORE comes with it
    enabled.push("QRESYNC");
  }
  if (names.includes("UIDONLY") && !state.uidOnly) {
    state.uidOnly = true;
    enabled.push("UIDONLY");
  }
  yield sendText(`* ENABLED${enabled.map((name) => " " + name).join("")}\r\n`);
  return ok("Enabled");
}
