import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command } from "../command.ts";
import { matches, simplify } from "../list_pattern.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { decodeName, DELIMITER, formatMailbox } from "../wire/mailbox_name.ts";

/** LSUB (RFC 3501 section 6.3.9) */
export const lsub: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    lexer.sp();
    const reference = decodeName(lexer.astring(), state.utf8);
    lexer.sp();
    const pattern = decodeName(lexer.listMailbox(), state.utf8);
    lexer.end();
    return run(state, reference, pattern);
  },
};

function* run(state: ImapState, reference: string | null, pattern: string | null): CommandProgram {
  if (reference === null || pattern === null) return BAD_NAME;
  const names = yield* ask("mailbox.subscriptions", { accountId: accountOf(state) });
  const wanted = simplify(reference + pattern);
  const subscribed = new Set(names);
  const found = new Map<string, string>();
  for (const name of names) {
    if (matches(wanted, name)) found.set(name, "");
    // RFC 3501 section 6.3.9: with "%", a name whose child is subscribed comes as \Noselect.
    else if (wanted.endsWith("%")) {
      for (let at = name.indexOf(DELIMITER); at >= 0; at = name.indexOf(DELIMITER, at + 1)) {
        const parent = name.slice(0, at);
        if (!subscribed.has(parent) && matches(wanted, parent)) found.set(parent, "\\Noselect");
      }
    }
  }
  let out = "";
  for (const name of [...found.keys()].sort()) {
    out += `* LSUB (${found.get(name)}) "/" ${formatMailbox(name, state.utf8)}\r\n`;
  }
  if (out !== "") yield sendText(out);
  return ok("Listed");
}
