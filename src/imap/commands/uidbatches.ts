import { type Command, replyWith, SELECTED } from "../command.ts";
import { sendLong } from "../long_line.ts";
import { no, ok } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import { TEXTS } from "../texts.ts";
import type { View } from "../view.ts";
import { string } from "../wire/strings.ts";

const LEAST = 500; // messages of a batch

/** UIDBATCHES: the UIDs of so many messages each, from the newest to the oldest. */
export const uidBatches: Command = {
  states: SELECTED,
  parse(lexer, state) {
    lexer.sp();
    const size = lexer.nzNumber();
    let first = 1;
    let last = Infinity;
    if (lexer.tryChar(" ")) {
      const a = lexer.nzNumber();
      lexer.char(":");
      const b = lexer.nzNumber();
      [first, last] = a < b ? [a, b] : [b, a];
    }
    lexer.end();
    if (size < LEAST) return replyWith(no(TEXTS.batchTooSmall, "TOOSMALL"));
    return run(state, state.view!, size, first, last);
  },
};

function* run(state: ImapState, view: View, size: number, first: number, last: number): CommandProgram {
  const ranges: string[] = [];
  for (let batch = first; batch <= last && (batch - 1) * size < view.count; batch++) {
    const newest = view.count - (batch - 1) * size;
    const oldest = Math.max(1, newest - size + 1);
    ranges.push(`${view.uidAt(newest)}:${view.uidAt(oldest)}`);
  }
  const told = ranges.length === 0 ? "" : ` ${ranges.join(",")}`;
  yield* sendLong(`* UIDBATCHES (TAG ${string(state.tag)})${told}\r\n`);
  return ok("Batched");
}
