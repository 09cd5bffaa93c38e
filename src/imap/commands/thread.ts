import { ask, type Uid } from "../../contract/mod.ts";
import type { ThreadAlgorithm } from "../../message/mod.ts";
import { type Command, SELECTED } from "../command.ts";
import { ok } from "../reply.ts";
import { type Criteria, searching, timed } from "../search_criteria.ts";
import { sendLong } from "../long_line.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import { formatThreads } from "../wire/thread_list.ts";

const ALGORITHMS: ReadonlyMap<string, ThreadAlgorithm> = new Map([
  ["ORDEREDSUBJECT", "orderedSubject"],
  ["REFERENCES", "references"],
  ["REFS", "refs"],
]);

/** THREAD and UID THREAD (RFC 5256) */
export const thread: Command = {
  states: SELECTED,
  parse(lexer, state, byUid) {
    lexer.sp();
    const algorithm = ALGORITHMS.get(lexer.word()) ?? lexer.fail("No such threading algorithm");
    lexer.sp();
    const charset = lexer.astring();
    lexer.sp();
    return searching(lexer, state, charset, null, false, (wanted) => run(state, algorithm, wanted, byUid));
  },
};

function* run(state: ImapState, algorithm: ThreadAlgorithm, wanted: Criteria, byUid: boolean): CommandProgram {
  const view = state.view!;
  const { accountId, mailboxId } = view;
  // What was not announced does not exist yet for this client: no thread may hold it.
  const known = {
    key: "uid" as const,
    ranges: view.count === 0 ? [] : [{ first: 1 as Uid, last: view.uidAt(view.count) }],
  };
  const search = { key: "and" as const, keys: [known, yield* timed(wanted)] };
  const { threads } = yield* ask("email.thread", { accountId, mailboxId, search, algorithm });
  const numberOf = (uid: number): number => byUid ? uid : view.seqOf(uid);
  yield* sendLong(`* THREAD ${formatThreads(threads, numberOf)}`.trimEnd() + "\r\n");
  return ok("Threaded");
}
