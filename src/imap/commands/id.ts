import { ANY, type Command } from "../command.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { nstring, octetsOf } from "../wire/strings.ts";

/** ID (RFC 2971). What the client says of itself is read and forgotten. */
export const id: Command = {
  states: ANY,
  parse(lexer, state) {
    lexer.sp();
    if (!lexer.tryWord("NIL")) {
      const fields = lexer.list(() => lexer.nstring(), 0);
      // RFC 2971 section 3.3: pairs, at most 30 of them.
      if (fields.length % 2 !== 0 || fields.length > 60) lexer.fail("ID takes pairs of field and value, at most 30");
    }
    lexer.end();
    return run(state);
  },
};

function* run(state: ImapState): CommandProgram {
  const { name, version } = state.options;
  yield sendText(`* ID ("name" ${nstring(octetsOf(name), true)} "version" ${nstring(octetsOf(version), true)})\r\n`);
  return ok("Done");
}
