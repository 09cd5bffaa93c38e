import { ask, type MetadataDepth } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, NO_PERMISSION, NO_SUCH_MAILBOX } from "../command.ts";
import { metadataValues } from "../metadata_values.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import type { Lexer } from "../wire/lexer.ts";
import { formatMailbox, mailbox } from "../wire/mailbox_name.ts";
import { formatEntry, metadataEntries } from "../wire/metadata.ts";

interface Options {
  maxSize: number | null;
  depth: MetadataDepth;
}

/** GETMETADATA (RFC 5464 section 4.2); an empty mailbox name is the server. */
export const getMetadata: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const options: Options = { maxSize: null, depth: 0 };
    lexer.sp();
    const first = lexer.peek() === "(";
    if (first) readOptions(lexer, options);
    const path = mailbox(lexer, state.utf8);
    lexer.sp();
    // The grammar has the options before the mailbox, the examples of RFC 5464 section 4.2.1 behind it.
    if (!first && (lexer.ahead("(MAXSIZE ") || lexer.ahead("(DEPTH "))) readOptions(lexer, options);
    const entries = metadataEntries(lexer);
    lexer.end();
    return run(state, path, options, entries);
  },
};

/** getmetadata-options SP */
function readOptions(lexer: Lexer, options: Options): void {
  lexer.list(() => {
    const name = lexer.word();
    lexer.sp();
    if (name === "MAXSIZE") options.maxSize = lexer.number();
    else if (name === "DEPTH") options.depth = depth(lexer);
    else lexer.fail("No such option");
  });
  lexer.sp();
}

function depth(lexer: Lexer): Options["depth"] {
  const word = lexer.word();
  if (word === "0" || word === "1") return word === "0" ? 0 : 1;
  return word === "INFINITY" ? "infinity" : lexer.fail("DEPTH is 0, 1 or infinity");
}

function* run(
  state: ImapState,
  path: string | null,
  { maxSize, depth }: Options,
  entries: readonly string[],
): CommandProgram {
  if (path === null) return BAD_NAME;
  const mailbox = path === "" ? null : yield* ask("mailbox.get", { accountId: accountOf(state), path });
  if (mailbox === null && path !== "") return NO_SUCH_MAILBOX;
  const values = yield* metadataValues(state, mailbox, entries, depth);
  if ("refused" in values) return values.refused === "notFound" ? NO_SUCH_MAILBOX : NO_PERMISSION;
  let longest = 0; // octets of the largest value that is too large
  const told = values.filter(({ value }) => {
    if (maxSize === null || value === null || value.length <= maxSize) return true;
    longest = Math.max(longest, value.length);
    return false;
  });
  if (told.length > 0) {
    yield sendText(`* METADATA ${formatMailbox(path, state.utf8)} (${told.map(formatEntry).join(" ")})\r\n`);
  }
  return ok("Done", longest > 0 ? `METADATA LONGENTRIES ${longest}` : null);
}
