/** Counters, UIDs and modseqs of mailboxes, and their memberships. */
import { DELETED, EMAIL_BITS } from "../../engine/flags.ts";
import { accountIdOf } from "../../engine/ids.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { judgeMailbox, memberProblem } from "../../verify/judge.ts";
import type { Look } from "./look.ts";

const PAGE = 2000;
const ROW = "select account, path, messages, unseen, size, deleted, uid_next, modseq, uid_validity, floor " +
  "from mailboxes where id = ?i";
const RECOUNT = "select count(*), count(*) filter (where flags & 1 = 0), coalesce(sum(size), 0)::bigint, " +
  `count(*) filter (where flags & ${DELETED} <> 0), coalesce(max(uid), 0), coalesce(max(modseq), 0) ` +
  "from members where mailbox = ?i";
const STONES = "select coalesce(max(uid), 0) from tombstones where mailbox = ?i";

export async function* verifyMailboxes(look: Look): AsyncGenerator<VerifyEvent> {
  const report = new Report("mailboxes");
  const total = await look.count("select count(*) from mailboxes");
  let done = 0;
  for await (const rows of look.pages("select id from mailboxes where id > ?i order by id limit ?i", PAGE)) {
    for (const [id] of rows) {
      yield* verifyMailbox(look, report, id as number);
      yield report.progress(++done, Math.max(total, done));
    }
  }
  const doubles = "select account, path from mailboxes group by account, path having count(*) > 1";
  for (const [account, path] of await look.all(doubles)) {
    const where = `${await look.address(account as number)}/${path as string}`;
    yield report.lost(where, "two mailboxes have this name", "rename one of them in a mail program, then look again");
  }
}

async function* verifyMailbox(look: Look, report: Report, id: number): AsyncGenerator<VerifyEvent> {
  const [rows, counts, stones] = await look.atOnce([ROW, id], [RECOUNT, id], [STONES, id]);
  if (!rows![0]) return;
  const [account, path, ...numbers] = rows![0] as unknown as readonly [number, string, ...number[]];
  const counted = counts![0] as readonly number[];
  yield* judgeMailbox(report, {
    account,
    where: `${await look.address(account)}/${path}`,
    counters: numbers.slice(0, 4),
    counted: counted.slice(0, 4),
    uidNext: numbers[4]!,
    modseq: numbers[5]!,
    uidValidity: numbers[6]!,
    floor: numbers[7]!,
    lastUid: Math.max(counted[4]!, stones![0]![0] as number),
    lastModseq: counted[5]!,
  });
}

const MEMBERS = "select m.mailbox, m.uid, m.flags, m.size, b.account, b.path, e.account, e.size, " +
  "(select count(*) from members o where o.email = m.email), exists (select 1 from members o where o.email = m.email " +
  `and ((o.flags & ${EMAIL_BITS}) <> (m.flags & ${EMAIL_BITS}) or o.keywords <> m.keywords)) ` +
  "from members m left join mailboxes b on b.id = m.mailbox left join emails e on e.id = m.email " +
  "where (m.mailbox, m.uid) > (?i, ?i) order by m.mailbox, m.uid limit ?i";

/** Each place of an email in a mailbox. */
export async function* verifyMembers(look: Look): AsyncGenerator<VerifyEvent> {
  const report = new Report("members");
  const total = await look.count("select coalesce(sum(messages), 0)::bigint from mailboxes");
  let done = 0;
  for (let mailbox = 0, uid = 0;;) {
    const rows = await look.all(MEMBERS, mailbox, uid, PAGE);
    for (const cells of rows) {
      [mailbox, uid] = cells as unknown as [number, number];
      const account = cells[4] as number | null;
      if (account === null) continue; // told among rows that belong to nothing
      const problem = memberProblem({
        account,
        flags: cells[2] as number,
        size: cells[3] as number,
        owner: cells[6] as number | null,
        emailSize: cells[7] as number,
        places: cells[8] as number,
        differs: cells[9] as boolean,
      });
      if (problem === null) continue;
      const where = `${await look.address(account)}/${cells[5] as string} UID ${uid}`;
      yield report.derivable(where, problem, { repair: "account", accountId: accountIdOf(account) });
    }
    yield report.progress(done += rows.length, Math.max(total, done));
    if (rows.length < PAGE) return;
  }
}
