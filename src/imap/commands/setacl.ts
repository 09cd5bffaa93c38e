import { ask } from "../../contract/mod.ts";
import { accountOf, type Command, onMailbox } from "../command.ts";
import { ok } from "../reply.ts";
import { aclRefusal, type RightsChange, spIdentifier, spRightsChange } from "../rights.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** SETACL (RFC 4314 section 3.1) */
export const setAcl: Command = onMailbox((lexer) => [spIdentifier(lexer), spRightsChange(lexer)], run);

function* run(state: ImapState, path: string, identifier: string, change: RightsChange): CommandProgram {
  const done = yield* ask("acl.set", { accountId: accountOf(state), path, identifier, ...change });
  return "refused" in done ? aclRefusal(done) : ok("Rights set");
}
