import { AFTER_LOGIN, type Command } from "../command.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, sendText } from "../session.ts";

/** NAMESPACE (RFC 9051 section 6.3.10): one's own mailboxes, and no others. */
export const namespace: Command = {
  states: AFTER_LOGIN,
  parse(lexer) {
    lexer.end();
    return run();
  },
};

function* run(): CommandProgram {
  yield sendText('* NAMESPACE (("" "/")) NIL NIL\r\n');
  return ok("Namespaces listed");
}
