import { ask } from "../../contract/mod.ts";
import { accountOf, type Command, nothingMore, onMailbox } from "../command.ts";
import { ok } from "../reply.ts";
import { aclRefusal, formatIdentifier, formatRights } from "../rights.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { formatMailbox } from "../wire/mailbox_name.ts";

/** GETACL (RFC 4314 section 3.3) */
export const getAcl: Command = onMailbox(nothingMore, run);

function* run(state: ImapState, path: string): CommandProgram {
  const found = yield* ask("acl.get", { accountId: accountOf(state), path });
  if ("refused" in found) return aclRefusal(found);
  const entries = found.entries.map(({ identifier, rights }) =>
    ` ${formatIdentifier(identifier, state.utf8)} ${formatRights(rights)}`
  );
  yield sendText(`* ACL ${formatMailbox(found.path, state.utf8)}${entries.join("")}\r\n`);
  return ok("Access control list told");
}
