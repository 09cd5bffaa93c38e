/** Indexes that PostgreSQL itself does not believe, rows that belong to nothing, and sequences that were overtaken. */
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { SEQUENCES, STRAYS } from "../../verify/strays.ts";
import { type Given, givenBy } from "../copy/sequences.ts";
import type { Look } from "./look.ts";

export async function* verifyDatabase(look: Look): AsyncGenerator<VerifyEvent> {
  const report = new Report("database");
  const total = 1 + STRAYS.length + SEQUENCES.length;
  let done = 0;
  const broken = await look.all(
    "select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid " +
      "where not (i.indisvalid and i.indisready) and c.relnamespace = current_schema()::regnamespace order by 1",
  );
  for (const [name] of broken) {
    yield report.lost(`index ${name as string}`, "PostgreSQL marks it as not valid", `run: reindex index "${name}"`);
  }
  yield report.progress(++done, total);
  for (const [table, where] of STRAYS) {
    const count = await look.count(`select count(*) from ${table} where ${where}`);
    if (count > 0) {
      const problem = `${count} rows belong to what is not there, or contradict it`;
      yield report.derivable(`table ${table}`, problem, { repair: "rows" });
    }
    yield report.progress(++done, total);
  }
  for (const [name, sql] of SEQUENCES) {
    // A row has its number from the sequence, so what the sequence says is read last.
    const highest = await look.count(sql);
    const [row] = await look.all(givenBy(name));
    const value = (row as unknown as Given)[0];
    if (value < highest) {
      yield report.derivable(`sequence ${name}`, `it is at ${value}, and ${highest} is in use`, { repair: "rows" });
    }
    yield report.progress(++done, total);
  }
}
