import { ask } from "../../contract/mod.ts";
import { arrived, BAD_NAME, type Command, NO_PERMISSION, resolve, SELECTED, spMailbox } from "../command.ts";
import { no, ok, type Reply } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import { TEXTS } from "../texts.ts";
import { formatSet, type SequenceSet, sequenceSet } from "../wire/sequence_set.ts";

/** COPY and UID COPY (RFC 9051 section 6.4.7) */
export const copy: Command = toMailbox(run);

/** A command of a sequence set and a mailbox: COPY, MOVE and their UID forms. */
export function toMailbox(
  run: (state: ImapState, set: SequenceSet, path: string | null, byUid: boolean) => CommandProgram,
): Command {
  return {
    states: SELECTED,
    parse(lexer, state, byUid) {
      lexer.sp();
      const set = sequenceSet(lexer);
      const path = spMailbox(lexer, state);
      lexer.end();
      return run(state, set, path, byUid);
    },
  };
}

function* run(state: ImapState, set: SequenceSet, path: string | null, byUid: boolean): CommandProgram {
  const view = state.view!;
  if (path === null) return BAD_NAME;
  const ranges = resolve(view, set, byUid);
  if ("status" in ranges) return ranges;
  if (ranges.length === 0) return ok("Nothing to copy");
  const now = yield* ask("clock.now", {});
  const { accountId, mailboxId } = view;
  const done = yield* ask("email.copy", { accountId, mailboxId, ranges, path, now });
  if ("refused" in done) return copyRefusal(done.refused);
  yield* arrived(state, path, done.pairs.map((pair) => pair.to));
  return ok("Copied", copyUid(done.uidValidity, done.pairs));
}

/** RFC 9051 section 6.4.7: TRYCREATE tells the client that creating the mailbox would help. */
export function copyRefusal(refused: "notFound" | "noPermission" | "overQuota"): Reply {
  if (refused === "noPermission") return NO_PERMISSION;
  return refused === "notFound" ? no(TEXTS.noMailbox, "TRYCREATE") : no(TEXTS.overQuota, "OVERQUOTA");
}

/** `COPYUID validity source target` (RFC 4315 section 3), or null where nothing was copied. */
export function copyUid(uidValidity: number, pairs: readonly { from: number; to: number }[]): string | null {
  if (pairs.length === 0) return null;
  return `COPYUID ${uidValidity} ${formatSet(pairs.map((pair) => pair.from))} ${
    formatSet(pairs.map((pair) => pair.to))
  }`;
}
