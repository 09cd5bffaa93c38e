import { type Command, replyWith, SELECTED } from "../command.ts";
import { ok } from "../reply.ts";

/** CANCELUPDATE (RFC 5267 section 4.3.5): the tags of searches that are not to be kept up to date any more. */
export const cancelUpdate: Command = {
  states: SELECTED,
  parse(lexer, state) {
    lexer.sp();
    const tags = [lexer.string()];
    while (lexer.tryChar(" ")) tags.push(lexer.string());
    lexer.end();
    for (const tag of tags) state.view!.contexts?.cancel(tag);
    return replyWith(ok("No further updates"));
  },
};
