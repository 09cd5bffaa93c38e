/** The file itself as SQLite sees it, and rows that belong to nothing. */
import type { StoreFiles } from "./source.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { SEQUENCES, STRAYS } from "../../verify/strays.ts";

const LINES = 20;

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
