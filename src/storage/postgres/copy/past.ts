/** What a store that a restore sets aside knows of the time after the backup. */
import { versionOf } from "../schema.ts";
import type { Connection } from "../wire/connection.ts";
import { readSequences } from "./sequences.ts";

/** As `storage/sqlite/backup/go_on.ts` takes it. */
export interface PastStore {
  readonly sequences: ReadonlyMap<string, number>;
  readonly highestValidity: number;
  readonly highestModseq: number;
  /** What a mailbox was like at its end, by its number. */
  readonly mailboxes: ReadonlyMap<number, string>;
}

/** Null where there is no store. */
export async function readPastStore(connection: Connection): Promise<PastStore | null> {
  if ((await versionOf(connection)).version === 0) return null;
  const once = (sql: string) => ({ sql, values: [], once: true });
  const [states, validity, floors, modseq] = await connection.exchange([
    once("select id, account || ' ' || uid_validity || ' ' || uid_next || ' ' || modseq || ' ' || path from mailboxes"),
    once("select coalesce(max(uid_validity), 0) from mailboxes"),
    once("select value from settings where name like 'uidValidity.floor.%'"),
    once("select coalesce(max(modseq), 0) from accounts"),
  ]);
  const mailboxes = new Map(states!.rows as unknown as [number, string][]);
  const highest = validity!.rows[0]![0] as number;
  return {
    highestModseq: modseq!.rows[0]![0] as number,
    sequences: await readSequences(connection),
    highestValidity: floors!.rows.reduce((most, [value]) => Math.max(most, Number(value)), highest),
    mailboxes,
  };
}
