import { AFTER_LOGIN, type Command } from "../command.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, sendText } from "../session.ts";

/** NAMESPACE (RFC 9051 section 6.3.10): one's own mailboxes, other people's, and those of shared accounts. */
export const namespace: Command = {
  states: AFTER_LOGIN,
  parse(lexer) {
    lexer.end();
    return run();
  },
};

function* run(): CommandProgram {
  yield sendText('* NAMESPACE (("" "/")) (("Other Users/" "/")) (("Shared/" "/"))\r\n');
  return ok("Namespaces listed");
}
