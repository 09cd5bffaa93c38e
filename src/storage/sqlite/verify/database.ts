/** The file itself as SQLite sees it, and rows that belong to nothing. */
import type { StoreFiles } from "./source.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";

const LINES = 20;

/** Rows that belong to what is not there: a table, and what is true of such a row. */
export const STRAYS: readonly (readonly [table: string, where: string])[] = [
  ["mailboxes", "account not in (select id from accounts)"],
  ["members", "mailbox not in (select id from mailboxes)"],
  ["tombstones", "mailbox not in (select id from mailboxes)"],
  // A client would be told that a message is gone which is there, or of a change that is still to come.
  [
    "tombstones",
    "exists (select 1 from members m where m.mailbox = tombstones.mailbox and m.uid = tombstones.uid) or " +
    "modseq > (select b.modseq from mailboxes b where b.id = tombstones.mailbox)",
  ],
  ["acl", "mailbox not in (select id from mailboxes)"],
  [
    "metadata",
    "(mailbox <> 0 and mailbox not in (select id from mailboxes)) or account not in (select id from accounts)",
  ],
  ["subscriptions", "account not in (select id from accounts)"],
  ["threads", "account not in (select id from accounts)"],
  ["tokens", "account not in (select id from accounts)"],
  ["sieve", "account not in (select id from accounts)"],
  ["objects", "account not in (select id from accounts)"],
  ["objects", "kind = 'mailbox' and id not in (select id from mailboxes)"],
  ["objects", "kind = 'upload' and id not in (select id from blobs)"],
  ["destroyed", "account not in (select id from accounts)"],
  ["delivery", "account not in (select id from accounts)"],
  ["seen", "account not in (select id from accounts)"],
  ["imap_text", "blob not in (select id from blobs)"],
  ["removed", "account not in (select id from accounts)"],
  ["origins", "email not in (select id from emails)"],
  ["aliases", "domain not in (select name from domains)"],
];

/** The highest number of each sequence that a row has: a sequence below it would give it out again. */
export const SEQUENCES: readonly (readonly [name: string, sql: string])[] = [
  ["account", "select max(id) from accounts"],
  ["mailbox", "select max(id) from mailboxes"],
  ["email", "select max(id) from emails"],
  ["queue", "select max(id) from queue"],
  ["token", "select max(id) from tokens"],
  [
    "object",
    "select max(a) from (select max(id) a from objects where kind in ('identity', 'submission', 'push') union all " +
    "select max(id) from destroyed where kind in ('identity', 'submission', 'push'))",
  ],
];

export function* verifyDatabase(files: StoreFiles): Generator<VerifyEvent> {
  const report = new Report("database");
  const tables = files.sql.all("select name from sqlite_master where type = 'table' order by name");
  const total = tables.length + STRAYS.length + SEQUENCES.length;
  let done = 0;
  // A table at a time, so that no snapshot is held for long.
  for (const [name] of tables) {
    const lines = files.sql.once(`pragma integrity_check("${name as string}")`)().map(([line]) => String(line));
    for (const line of lines.filter((one) => one !== "ok").slice(0, LINES)) {
      const advice =
        "the disk or the file is damaged: stop the server, keep a copy of the folder, and restore a backup";
      yield report.lost(`table ${name as string}`, line, advice);
    }
    yield report.progress(++done, total);
  }
  for (const [table, where] of STRAYS) {
    const count = files.count(`select count(*) from ${table} where ${where}`);
    if (count > 0) {
      yield report.derivable(`table ${table}`, `${count} rows belong to what is not there, or contradict it`, {
        repair: "rows",
      });
    }
    yield report.progress(++done, total);
  }
  for (const [name, sql] of SEQUENCES) {
    const [highest, value] = files.atOnce(() => [
      files.count(sql),
      Number(files.sql.get("select value from sequences where name = ?", name)?.[0] ?? 0),
    ]);
    if (value! < highest!) {
      yield report.derivable(`sequence ${name}`, `it is at ${value}, and ${highest} is in use`, { repair: "rows" });
    }
    yield report.progress(++done, total);
  }
}
