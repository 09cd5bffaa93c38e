import { ask } from "../../contract/mod.ts";
import { accountOf, type Command, nothingMore, onMailbox } from "../command.ts";
import { formatQuota } from "../quota_root.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { formatMailbox } from "../wire/mailbox_name.ts";
import { utf8String } from "../wire/strings.ts";

/** GETQUOTAROOT (RFC 9208 section 4.1.2); the mailbox need not exist. */
export const getQuotaRoot: Command = onMailbox(nothingMore, run);

function* run(state: ImapState, path: string): CommandProgram {
  const quota = yield* ask("quota.get", { accountId: accountOf(state), path });
  const root = utf8String(`#user/${quota.address}`, state.utf8);
  yield sendText(`* QUOTAROOT ${formatMailbox(path, state.utf8)} ${root}\r\n${formatQuota(quota, state.utf8)}`);
  return ok("Done");
}
