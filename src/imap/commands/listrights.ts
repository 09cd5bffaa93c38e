import { ask } from "../../contract/mod.ts";
import { accountOf, type Command, onMailbox } from "../command.ts";
import { ok } from "../reply.ts";
import { aclRefusal, formatIdentifier, formatRights, spIdentifier, withObsolete } from "../rights.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { formatMailbox } from "../wire/mailbox_name.ts";

/** LISTRIGHTS (RFC 4314 section 3.4): each right can be given by itself. */
export const listRights: Command = onMailbox((lexer) => [spIdentifier(lexer)], run);

function* run(state: ImapState, path: string, identifier: string): CommandProgram {
  const found = yield* ask("acl.grantable", { accountId: accountOf(state), path, identifier });
  if ("refused" in found) return aclRefusal(found);
  const names = `${formatMailbox(found.path, state.utf8)} ${formatIdentifier(identifier, state.utf8)}`;
  const optional = [...withObsolete(found.optional)].map((right) => ` ${right}`).join("");
  yield sendText(`* LISTRIGHTS ${names} ${formatRights(found.required)}${optional}\r\n`);
  return ok("Rights listed");
}
