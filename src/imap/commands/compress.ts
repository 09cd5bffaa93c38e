import { AFTER_LOGIN, type Command, replyWith } from "../command.ts";
import { bad } from "../reply.ts";
import type { CommandProgram } from "../session.ts";
import { TEXTS } from "../texts.ts";

/** COMPRESS (RFC 4978): behind its OK both sides deflate. */
export const compress: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    lexer.sp();
    if (lexer.word() !== "DEFLATE") lexer.fail("The only compression is DEFLATE");
    lexer.end();
    return state.compressed ? replyWith(bad(TEXTS.compressed)) : run();
  },
};

// deno-lint-ignore require-yield
function* run(): CommandProgram {
  return { then: "compress" };
}
