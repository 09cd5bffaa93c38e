import { ask } from "../../contract/mod.ts";
import { accountOf, type Command, onMailbox } from "../command.ts";
import { ok } from "../reply.ts";
import { aclRefusal, spIdentifier } from "../rights.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** DELETEACL (RFC 4314 section 3.2): the entry goes, if there is one; it need not name anybody who is still there. */
export const deleteAcl: Command = onMailbox((lexer) => [spIdentifier(lexer)], run);

function* run(state: ImapState, path: string, identifier: string): CommandProgram {
  const args = { accountId: accountOf(state), path, identifier, mode: "replace" as const, rights: "" };
  const done = yield* ask("acl.set", args);
  return "refused" in done ? aclRefusal(done) : ok("Rights deleted");
}
