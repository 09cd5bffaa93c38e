/** Responses of one line that may be as long as a mailbox has messages. */
import { ask, type Program } from "../contract/mod.ts";
import { sendText } from "./session.ts";

const PIECE = 64 * 1024;

/** Sends latin1 text piece by piece, never faster than the client takes it (contract, rule 7). */
export function* sendLong(text: string): Program<void> {
  for (let at = 0; at < text.length; at += PIECE) {
    // A question is answered when what was sent before it has been taken.
    if (at > 0) yield* ask("clock.now", {});
    yield sendText(text.slice(at, at + PIECE));
  }
}
