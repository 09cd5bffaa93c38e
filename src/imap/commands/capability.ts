import { capabilities } from "../capability.ts";
import { ANY, type Command } from "../command.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";

/** CAPABILITY (RFC 9051 section 6.1.1) */
export const capability: Command = {
  states: ANY,
  parse(lexer, state) {
    lexer.end();
    return run(state);
  },
};

function* run(state: ImapState): CommandProgram {
  yield sendText(`* CAPABILITY ${capabilities(state)}\r\n`);
  return ok("Capabilities listed");
}
