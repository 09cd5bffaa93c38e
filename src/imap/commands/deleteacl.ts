import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, spMailbox } from "../command.ts";
import { ok } from "../reply.ts";
import { aclRefusal, spIdentifier } from "../rights.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** DELETEACL (RFC 4314 section 3.2): the entry goes, if there is one; it need not name anybody who is still there. */
export const deleteAcl: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const path = spMailbox(lexer, state);
    const identifier = spIdentifier(lexer);
    lexer.end();
    return run(state, path, identifier);
  },
};

function* run(state: ImapState, path: string | null, identifier: string): CommandProgram {
  if (path === null) return BAD_NAME;
  const args = { accountId: accountOf(state), path, identifier, mode: "replace" as const, rights: "" };
  const done = yield* ask("acl.set", args);
  return "refused" in done ? aclRefusal(done) : ok("Rights deleted");
}
