/** Accounts and what they have besides mail. */
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { judgeAccount, LOOK } from "../../verify/judge.ts";
import type { StoreFiles } from "./source.ts";

const PAGE = 500;
const ACCOUNT = "select address, domain, credentials, used_messages, used_bytes, modseq, kept_bytes from accounts " +
  "where id = ?";
const USED = "select count(*), coalesce(sum(size), 0) from (select m.email, m.size from mailboxes b " +
  "join members m on m.mailbox = b.id where b.account = ? group by m.email)";

const KEPT =
  "select coalesce(sum(size), 0) from emails e where not exists (select 1 from members m where m.email = e.id) " +
  "and e.id in (select email from removed where account";

export function* verifyDirectory(files: StoreFiles): Generator<VerifyEvent> {
  const report = new Report("directory");
  const total = files.count("select count(*) from accounts");
  let done = 0;
  const sql = "select id from accounts where id > ? order by id limit ?";
  for (const rows of files.pages(sql, PAGE)) {
    for (const [id] of rows as readonly (readonly [number])[]) {
      yield* verifyAccount(files, report, id);
      yield report.progress(++done, total);
    }
  }
  const twins = "select account, count(*) from sieve where active group by account having count(*) > 1";
  for (const [account] of files.sql.all(twins)) {
    yield report.lost(files.address(account as number), "more than one Sieve script is active", LOOK);
  }
}

function* verifyAccount(files: StoreFiles, report: Report, id: number): Generator<VerifyEvent> {
  const [row, used, highest, inboxes, kept] = files.atOnce(() => [
    files.sql.get(ACCOUNT, id),
    files.sql.get(USED, id) as unknown as readonly [number, number],
    files.count(`select max(modseq) from mailboxes where account = ${id}`),
    files.count(`select count(*) from mailboxes where account = ${id} and path = 'INBOX'`),
    files.count(`${KEPT} = ${id})`),
  ]);
  if (!row) return; // removed meanwhile
  const [address, domain, credentials, messages, bytes, modseq, keptBytes] = row as unknown as [
    string,
    string,
    string,
    number,
    number,
    number,
    number,
  ];
  const counted = { messages: used[0], bytes: used[1], kept, modseq: highest, inboxes };
  yield* judgeAccount(report, { id, address, domain, credentials, messages, bytes, modseq, kept: keptBytes, counted });
}
