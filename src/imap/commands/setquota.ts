import { AFTER_LOGIN, type Command, replyWith } from "../command.ts";
import { no } from "../reply.ts";
import { TEXTS } from "../texts.ts";

/** SETQUOTA (RFC 9208 section 4.1.3): limits are the operator's, so QUOTASET is not announced and nobody may. */
export const setQuota: Command = {
  states: AFTER_LOGIN,
  parse(lexer) {
    lexer.sp();
    lexer.astring();
    lexer.sp();
    lexer.list(() => {
      lexer.atom();
      lexer.sp();
      lexer.number64();
    }, 0);
    lexer.end();
    return replyWith(no(TEXTS.setQuota, "NOPERM"));
  },
};
