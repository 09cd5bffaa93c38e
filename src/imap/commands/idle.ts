import { AFTER_LOGIN, type Command, refresh } from "../command.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** IDLE (RFC 9051 section 6.3.13) */
export const idle: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    lexer.end();
    return run(state);
  },
};

function* run(state: ImapState): CommandProgram {
  if (state.view) yield* refresh(state.view);
  return { then: "idle" };
}
