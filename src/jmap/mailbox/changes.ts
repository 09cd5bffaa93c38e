import { ask, type EmailId, type MailboxId, type Modseq, type Program, type ThreadId } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { changesResponse, pageOf, readChanges } from "../standard/changes.ts";
import { parsePoint } from "../state.ts";

/** Properties that change with the emails of a mailbox (RFC 8621 section 2.2). */
const COUNTS = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"];
/** Emails that are looked at one by one; where more changed, all mailboxes are counted anew. */
const EMAILS = 5000;
const PAGE = 1000;

/** Mailbox/changes (RFC 8621 section 2.2). */
export function* mailboxChanges(call: Call): Program<JsonObject> {
  const args = readChanges(call);
  const since = parsePoint(args.sinceState).base;
  const whose = call.whose(args.account);
  const news = yield* ask("mailbox.objectChanges", { ...whose, since });
  if ("refused" in news) throw new MethodError("cannotCalculateChanges");
  const { created, updated, destroyed } = news;
  const told = new Set<string>([...created, ...updated, ...destroyed]);
  const counted = new Set(news.counted);
  // Nothing but whole mailboxes changed: no count did.
  const near = counted.size > 0 || destroyed.length > 0 ? yield* mailboxesNear(whose, since) : [];
  const at: Record<string, Modseq> = { ...news.at };
  for (const id of near) {
    if (told.has(id) || counted.has(id)) continue;
    counted.add(id);
    at[id] = news.state;
  }
  const page = pageOf(args, { ...news, updated: [...updated, ...counted], at });
  const isCounts = page.updated.length > 0 && page.updated.every((id) => counted.has(id as MailboxId));
  return changesResponse(args, page, { updatedProperties: isCounts ? COUNTS : null });
}

/**
 * Mailboxes that have an email of a thread in which something changed: whether a thread is unread is the same in all of
 * its mailboxes (section 2, unreadThreads).
 */
function* mailboxesNear(whose: ReturnType<Call["whose"]>, since: Modseq): Program<readonly MailboxId[]> {
  const threads = new Map<ThreadId, Set<EmailId>>();
  let point = { modseq: since, emailId: null } as Parameters<typeof ask<"email.changes">>[1]["since"];
  for (let met = 0;;) {
    const news = yield* ask("email.changes", { ...whose, since: point, limit: PAGE });
    if ("refused" in news || (met += news.changes.length) > EMAILS) return yield* allMailboxes(whose);
    for (const { threadId, emailId } of news.changes) {
      const changed = threads.get(threadId) ?? new Set<EmailId>();
      threads.set(threadId, changed.add(emailId));
    }
    if (!news.hasMore) break;
    point = news.upTo;
  }
  if (threads.size === 0) return [];
  const columns = yield* ask("email.columns", whose);
  const near = new Set<MailboxId>();
  for (const [threadId, changed] of threads) {
    const rows = columns.threadRows(columns.threadOf(threadId));
    // Alone an email is in the mailboxes that changed with it.
    if (rows.length === 1 && changed.size === 1 && changed.has(columns.emailIds[rows[0]!]!)) continue;
    for (const row of rows) for (const id of columns.mailboxIds[row]!) near.add(id);
  }
  return [...near];
}

function* allMailboxes(whose: ReturnType<Call["whose"]>): Program<readonly MailboxId[]> {
  const { mailboxes } = yield* ask("mailbox.objects", whose);
  return mailboxes.map(({ mailboxId }) => mailboxId);
}
