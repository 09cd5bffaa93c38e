import { ANY, type Command, refresh } from "../command.ts";
import { ok } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** NOOP and CHECK (RFC 9051 section 6.1.2, RFC 3501 section 6.4.1): a poll for news. */
export const noop: Command = {
  states: ANY,
  parse(lexer, state) {
    lexer.end();
    return run(state);
  },
};

function* run(state: ImapState): CommandProgram {
  if (state.view) yield* refresh(state.view);
  return ok("Done");
}
