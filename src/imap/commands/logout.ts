import { ANY, type Command } from "../command.ts";
import type { CommandProgram } from "../session.ts";

/** LOGOUT (RFC 9051 section 6.1.3) */
export const logout: Command = {
  states: ANY,
  parse(lexer) {
    lexer.end();
    return run();
  },
};

// deno-lint-ignore require-yield
function* run(): CommandProgram {
  return { then: "logout" };
}
