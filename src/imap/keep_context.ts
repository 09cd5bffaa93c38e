/** Beginning to keep the results of a search up to date (RFC 5267 section 4.3). */
import type { Program } from "../contract/mod.ts";
import { Contexts, type UpdateContext } from "./contexts.ts";
import { sendText } from "./session.ts";
import { TEXTS } from "./texts.ts";
import type { View } from "./view.ts";
import { string } from "./wire/strings.ts";

/** Keeps the results of a search that was just made, or tells that it does not (section 4.3.1). */
export function* keepUpToDate(view: View, context: UpdateContext): Program<void> {
  view.contexts ??= new Contexts();
  if (!view.contexts.keep(context)) return yield* refuseUpdate(context.tag);
  // What waits to be announced may be a result, and was left out of these.
  for (const uid of view.fresh) view.contexts.touch(uid);
}

/** Section 4.3.1: the search is answered, its results are not kept. */
export function* refuseUpdate(tag: string): Program<void> {
  yield sendText(`* NO [NOUPDATE ${string(tag)}] ${TEXTS.notKept}\r\n`);
}
