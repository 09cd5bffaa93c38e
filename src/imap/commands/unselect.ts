import { ask } from "../../contract/mod.ts";
import { type Command, SELECTED } from "../command.ts";
import { ok } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** UNSELECT (RFC 9051 section 6.4.2, RFC 3691) */
export const unselect: Command = {
  states: SELECTED,
  parse(lexer, state) {
    lexer.end();
    return run(state);
  },
};

function* run(state: ImapState): CommandProgram {
  state.view = null;
  yield* ask("mailbox.unwatch", {});
  return ok("Unselected");
}
