import { BEFORE_LOGIN, type Command, replyWith } from "../command.ts";
import { bad } from "../reply.ts";
import type { CommandProgram } from "../session.ts";
import { TEXTS } from "../texts.ts";

/** STARTTLS (RFC 9051 section 6.2.1) */
export const startTls: Command = {
  states: BEFORE_LOGIN,
  parse(lexer, state) {
    lexer.end();
    return state.options.startTls && !state.tls ? run() : replyWith(bad(TEXTS.noTls));
  },
};

// deno-lint-ignore require-yield
function* run(): CommandProgram {
  return { then: "startTls" };
}
