import { AFTER_LOGIN, type Command } from "../command.ts";
import { bad, ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";

/** GETJMAPACCESS (RFC 9698 section 3): where the same mail is by JMAP, with the same ids. */
export const getJmapAccess: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    lexer.end();
    return run(state);
  },
};

function* run({ options: { jmapSession } }: ImapState): CommandProgram {
  if (jmapSession === null) return bad("JMAPACCESS is not offered");
  yield sendText(`* JMAPACCESS "${jmapSession}"\r\n`);
  return ok("JMAP is there");
}
