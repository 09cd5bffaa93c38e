import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, spMailbox } from "../command.ts";
import { ok } from "../reply.ts";
import { aclRefusal, formatMyRights } from "../rights.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";

/** MYRIGHTS (RFC 4314 section 3.5) */
export const myRights: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const path = spMailbox(lexer, state);
    lexer.end();
    return run(state, path);
  },
};

function* run(state: ImapState, path: string | null): CommandProgram {
  if (path === null) return BAD_NAME;
  const found = yield* ask("acl.mine", { accountId: accountOf(state), path });
  if ("refused" in found) return aclRefusal(found);
  yield sendText(formatMyRights(found.path, found.rights, state.utf8));
  return ok("Rights told");
}
