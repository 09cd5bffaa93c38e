/** Takes away what only the past needs: old tombstones and old lines of the journal. Bounded work a call. */
import type { JournalEntry } from "../../contract/mod.ts";
import { DESTROYED, JOURNAL_MS, TOMBSTONES } from "../engine/retention.ts";
import type { MailTables } from "./mail_tables.ts";

const BATCH = 5000;

/** Keeps the newest tombstones of each mailbox. Whoever asks from before the floor is told of all that is not there. */
export function pruneTombstones(tables: MailTables, keep: number = TOMBSTONES): void {
  const crowded = tables.sql.all(
    "select t.mailbox, m.account, count(*) from tombstones t join mailboxes m on m.id = t.mailbox " +
      "group by t.mailbox having count(*) > ? limit 20",
    keep,
  );
  for (const [mailbox, account, count] of crowded as readonly [number, number, number][]) {
    const row = tables.mailbox(account, mailbox);
    const last = Math.min(count - keep, BATCH) - 1;
    const sql = "select modseq from tombstones where mailbox = ? order by modseq limit 1 offset ?";
    const floor = tables.sql.get(sql, mailbox, last)?.[0] as number | undefined;
    if (!row || floor === undefined) continue;
    tables.sql.run("delete from tombstones where mailbox = ? and modseq <= ?", mailbox, floor);
    row.floor = Math.max(row.floor, floor);
    tables.saveMailbox(row);
  }
}

/** Keeps the newest of what is gone from each account. Whoever asks from before the floor has to look at all of it anew. */
export function pruneDestroyed(tables: MailTables, keep: number = DESTROYED): void {
  const crowded = tables.sql.all(
    "select account, count(*) from destroyed group by account having count(*) > ? limit 20",
    keep,
  );
  for (const [account, count] of crowded as readonly [number, number][]) {
    const last = Math.min(count - keep, BATCH) - 1;
    const sql = "select modseq from destroyed where account = ? order by modseq limit 1 offset ?";
    const floor = tables.sql.get(sql, account, last)![0] as number;
    tables.sql.run("delete from destroyed where account = ? and modseq <= ?", account, floor);
    const before = tables.object(account, "floor", 0)?.changed ?? 0;
    const changed = Math.max(before, floor);
    tables.putObject({ account, kind: "floor", id: 0, created: 0, changed, value: "" });
  }
}

/**
 * Lines older than the newest by so much go. The newest line is the clock, so that a store that slept keeps its
 * last month; `now` bounds it, so that a line from the future takes nothing away.
 */
export function pruneJournal(tables: MailTables, now: number): void {
  const newest = tables.sql.get("select entries from journal order by id desc limit 1");
  if (!newest) return;
  const before = Math.min(now, lastAt(newest[0] as string)) - JOURNAL_MS;
  let upTo = 0;
  for (const [id, entries] of tables.sql.all("select id, entries from journal order by id limit ?", BATCH)) {
    if (lastAt(entries as string) >= before) break;
    upTo = id as number;
  }
  if (upTo > 0) tables.sql.run("delete from journal where id <= ?", upTo);
}

function lastAt(entries: string): number {
  return (JSON.parse(entries) as JournalEntry[]).at(-1)?.at ?? 0;
}
