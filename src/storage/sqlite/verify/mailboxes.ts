/** Counters, UIDs and modseqs of mailboxes, and their memberships. */
import { accountIdOf } from "../../engine/ids.ts";
import { DELETED, EMAIL_BITS } from "../../engine/flags.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { judgeMailbox, memberProblem } from "../../verify/judge.ts";
import type { StoreFiles } from "./source.ts";

const PAGE = 2000;
const RECOUNT = `select count(*), coalesce(sum(not flags & 1), 0), coalesce(sum(size), 0), ` +
  `coalesce(sum((flags & ${DELETED}) > 0), 0), coalesce(max(uid), 0), coalesce(max(modseq), 0) ` +
  "from members where mailbox = ?";
const STONES = "select coalesce(max(uid), 0) from tombstones where mailbox = ?";

export function* verifyMailboxes(files: StoreFiles): Generator<VerifyEvent> {
  const report = new Report("mailboxes");
  const total = files.count("select count(*) from mailboxes");
  let done = 0;
  for (const rows of files.pages("select id from mailboxes where id > ? order by id limit ?", PAGE)) {
    for (const [id] of rows) {
      yield* verifyMailbox(files, report, id as number);
      yield report.progress(++done, total);
    }
  }
  const doubles = "select account, path from mailboxes group by account, path having count(*) > 1";
  for (const [account, path] of files.sql.all(doubles)) {
    const where = `${files.address(account as number)}/${path as string}`;
    yield report.lost(where, "two mailboxes have this name", "rename one of them in a mail program, then look again");
  }
}

function* verifyMailbox(files: StoreFiles, report: Report, id: number): Generator<VerifyEvent> {
  const [row, counted, stones] = files.atOnce(() => [
    files.sql.get(
      "select account, path, messages, unseen, size, deleted, uid_next, modseq, uid_validity, floor from mailboxes " +
        "where id = ?",
      id,
    ),
    files.sql.get(RECOUNT, id)!,
    files.sql.get(STONES, id)!,
  ]);
  if (!row) return;
  const [account, path, ...numbers] = row as unknown as [number, string, ...number[]];
  const [uidNext, modseq, uidValidity, floor] = numbers.slice(4) as [number, number, number, number];
  const [lastUid, lastModseq] = counted.slice(4) as [number, number];
  yield* judgeMailbox(report, {
    account,
    where: `${files.address(account)}/${path}`,
    counters: numbers.slice(0, 4),
    counted: counted.slice(0, 4) as number[],
    uidNext,
    modseq,
    uidValidity,
    floor,
    lastUid: Math.max(lastUid, stones[0] as number),
    lastModseq,
  });
}

const MEMBERS = "select m.mailbox, m.uid, m.flags, m.keywords, m.size, b.account, b.path, e.account, e.size, " +
  "(select count(*) from members o where o.email = m.email), " +
  "exists (select 1 from members o where o.email = m.email and " +
  `((o.flags & ${EMAIL_BITS}) <> (m.flags & ${EMAIL_BITS}) or o.keywords <> m.keywords)) ` +
  "from members m left join mailboxes b on b.id = m.mailbox left join emails e on e.id = m.email " +
  "where (m.mailbox, m.uid) > (?, ?) order by m.mailbox, m.uid limit ?";

/** Each place of an email in a mailbox. */
export function* verifyMembers(files: StoreFiles): Generator<VerifyEvent> {
  const report = new Report("members");
  const total = files.count("select sum(messages) from mailboxes");
  let done = 0;
  for (let mailbox = 0, uid = 0;;) {
    const rows = files.sql.all(MEMBERS, mailbox, uid, PAGE);
    for (const cells of rows) {
      [mailbox, uid] = cells as unknown as [number, number];
      const account = cells[5] as number | null;
      if (account === null) continue; // told among rows that belong to nothing
      const [flags, , size, , , owner, emailSize, places, differs] = cells.slice(2) as number[];
      const problem = memberProblem({
        account,
        flags: flags!,
        size: size!,
        owner: owner as number | null,
        emailSize: emailSize!,
        places: places!,
        differs: differs !== 0,
      });
      if (problem === null) continue;
      const where = `${files.address(account)}/${cells[6] as string} UID ${uid}`;
      yield report.derivable(where, problem, { repair: "account", accountId: accountIdOf(account) });
    }
    yield report.progress(done += rows.length, Math.max(total, done));
    if (rows.length < PAGE) return;
  }
}
