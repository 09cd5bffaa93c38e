/** Accounts and what they have besides mail. */
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { judgeAccount, LOOK } from "../../verify/judge.ts";
import type { Look } from "./look.ts";

const PAGE = 500;
const ACCOUNT = "select address, domain, credentials, used_messages, used_bytes, modseq, kept_bytes from accounts " +
  "where id = ?i";
const USED =
  "select count(*), coalesce(sum(size), 0)::bigint from (select m.email, max(m.size) as size from mailboxes b " +
  "join members m on m.mailbox = b.id where b.account = ?i group by m.email) x";
const BOXES = "select coalesce(max(modseq), 0)::bigint, count(*) filter (where path = 'INBOX') from mailboxes " +
  "where account = ?i";
const KEPT = "select coalesce(sum(size), 0)::bigint from emails e where e.id in " +
  "(select email from removed where account = ?i) and not exists (select 1 from members m where m.email = e.id)";

export async function* verifyDirectory(look: Look): AsyncGenerator<VerifyEvent> {
  const report = new Report("directory");
  const total = await look.count("select count(*) from accounts");
  let done = 0;
  for await (const rows of look.pages("select id from accounts where id > ?i order by id limit ?i", PAGE)) {
    for (const [id] of rows as readonly (readonly [number])[]) {
      yield* verifyAccount(look, report, id);
      yield report.progress(++done, Math.max(total, done));
    }
  }
  const twins = "select account, count(*) from sieve where active group by account having count(*) > 1";
  for (const [account] of await look.all(twins)) {
    yield report.lost(await look.address(account as number), "more than one Sieve script is active", LOOK);
  }
}

async function* verifyAccount(look: Look, report: Report, id: number): AsyncGenerator<VerifyEvent> {
  const answers = await look.atOnce([ACCOUNT, id], [USED, id], [BOXES, id], [KEPT, id]);
  const row = answers[0]![0] as readonly [string, string, string, number, number, number, number] | undefined;
  if (!row) return; // removed meanwhile
  const [address, domain, credentials, messages, bytes, modseq, kept] = row;
  const [usedMessages, usedBytes] = answers[1]![0] as readonly [number, number];
  const [highest, inboxes] = answers[2]![0] as readonly [number, number];
  const keptBytes = answers[3]![0]![0] as number;
  const counted = { messages: usedMessages, bytes: usedBytes, kept: keptBytes, modseq: highest, inboxes };
  yield* judgeAccount(report, { id, address, domain, credentials, messages, bytes, modseq, kept, counted });
}
