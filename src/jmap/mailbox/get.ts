import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { printState } from "../state.ts";
import { MAILBOX_PROPERTIES, printMailbox } from "./properties.ts";

const COUNTS = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"];

/** Mailbox/get (RFC 8621 section 2.1). */
export function* mailboxGet(call: Call): Program<JsonObject> {
  const args = readGet(call, (property) => MAILBOX_PROPERTIES.has(property));
  call.done();
  const whose = call.whose(args.account);
  const { state, mailboxes } = yield* ask("mailbox.objects", whose);
  const isCounted = args.properties === null || args.properties.some((property) => COUNTS.includes(property));
  const counted = isCounted ? yield* ask("mailbox.counts", whose) : null;
  const found = new Map<string, JsonObject>();
  for (const mailbox of mailboxes) {
    const counts = counted && counted.counts.get(mailbox.mailboxId);
    found.set(mailbox.mailboxId, pick(printMailbox(mailbox, counts), args.properties));
  }
  return getResponse(args, printState(state), found);
}
