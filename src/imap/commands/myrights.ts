import { ask } from "../../contract/mod.ts";
import { accountOf, type Command, nothingMore, onMailbox } from "../command.ts";
import { ok } from "../reply.ts";
import { aclRefusal, formatMyRights } from "../rights.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";

/** MYRIGHTS (RFC 4314 section 3.5) */
export const myRights: Command = onMailbox(nothingMore, run);

function* run(state: ImapState, path: string): CommandProgram {
  const found = yield* ask("acl.mine", { accountId: accountOf(state), path });
  if ("refused" in found) return aclRefusal(found);
  yield sendText(formatMyRights(found.path, found.rights, state.utf8));
  return ok("Rights told");
}
