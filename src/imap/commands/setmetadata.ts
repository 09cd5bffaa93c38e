import { latin1Bytes } from "../../base/bytes.ts";
import { type AnswerOf, ask, type MailboxRole, METADATA_LIMITS } from "../../contract/mod.ts";
import {
  accountOf,
  AFTER_LOGIN,
  BAD_NAME,
  type Command,
  didRename,
  NO_PERMISSION,
  NO_SUCH_MAILBOX,
  spMailbox,
} from "../command.ts";
import { SPECIAL_USE } from "../metadata_values.ts";
import { no, ok, type Reply } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import { roleOf } from "../special_use.ts";
import { TEXTS } from "../texts.ts";
import { settableEntry } from "../wire/metadata.ts";

type Values = ReadonlyMap<string, string | null>;

/** SETMETADATA (RFC 5464 section 4.3); an empty mailbox name is the server. */
export const setMetadata: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const path = spMailbox(lexer, state);
    lexer.sp();
    const values = new Map<string, string | null>();
    lexer.list(() => {
      const entry = settableEntry(lexer);
      lexer.sp();
      values.set(entry, lexer.nstring());
    });
    lexer.end();
    return run(state, path, values);
  },
};

function* run(state: ImapState, path: string | null, given: Values): CommandProgram {
  if (path === null) return BAD_NAME;
  const server = path === "";
  const uses = server ? undefined : given.get(SPECIAL_USE);
  const role = uses === undefined ? undefined : useOf(uses);
  // RFC 6154 section 4: what CREATE would refuse is refused here too.
  if (role === "none") return no(TEXTS.badUse, "USEATTR");
  const values = [...given].filter(([entry]) => server || entry !== SPECIAL_USE)
    .map(([entry, value]) => ({ entry, value: value === null ? null : latin1Bytes(value) }));
  const done = yield* ask("metadata.set", {
    accountId: accountOf(state),
    path: server ? null : path,
    values,
    ...(role !== undefined && { role }),
  });
  if ("refused" in done) return refusal(done.refused);
  didRename(state, ...values.map(({ entry }) => `${path} ${entry}`));
  return ok("Done");
}

/** The role of a list of attributes; `none`: ours have one use each. */
function useOf(attributes: string | null): MailboxRole | null | "none" {
  if (attributes === null || attributes === "") return null;
  return attributes.startsWith("\\") ? roleOf(attributes.slice(1)) ?? "none" : "none";
}

function refusal(refused: Extract<AnswerOf<"metadata.set">, { refused: string }>["refused"]): Reply {
  switch (refused) {
    case "notFound":
      return NO_SUCH_MAILBOX;
    case "noPermission":
      return NO_PERMISSION;
    case "tooMany":
      return no(TEXTS.tooManyEntries, "METADATA TOOMANY");
    case "tooLarge":
      return no(TEXTS.valueTooLarge, `METADATA MAXSIZE ${METADATA_LIMITS.value}`);
    case "readOnly":
      return no(TEXTS.operatorsEntry, "NOPERM");
    case "isInbox":
      return no(TEXTS.badUse, "USEATTR");
  }
}
