import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, type Command } from "../command.ts";
import { formatQuota, rootName } from "../quota_root.ts";
import { no, ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";

/** GETQUOTA (RFC 9208 section 4.1.1) */
export const getQuota: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    lexer.sp();
    const root = lexer.astring();
    lexer.end();
    return run(state, root);
  },
};

function* run(state: ImapState, root: string): CommandProgram {
  const quota = yield* ask("quota.get", { accountId: accountOf(state), path: null });
  // RFC 9208 section 8: somebody else's root is as unknown as one that was never there.
  if (root !== rootName(quota)) return no(TEXTS.noQuotaRoot, "NONEXISTENT");
  yield sendText(formatQuota(quota, state.utf8));
  return ok("Done");
}
