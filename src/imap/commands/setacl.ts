import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, spMailbox } from "../command.ts";
import { ok } from "../reply.ts";
import { aclRefusal, type RightsChange, spIdentifier, spRightsChange } from "../rights.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** SETACL (RFC 4314 section 3.1) */
export const setAcl: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const path = spMailbox(lexer, state);
    const identifier = spIdentifier(lexer);
    const change = spRightsChange(lexer);
    lexer.end();
    return run(state, path, identifier, change);
  },
};

function* run(state: ImapState, path: string | null, identifier: string, change: RightsChange): CommandProgram {
  if (path === null) return BAD_NAME;
  const done = yield* ask("acl.set", { accountId: accountOf(state), path, identifier, ...change });
  return "refused" in done ? aclRefusal(done) : ok("Rights set");
}
