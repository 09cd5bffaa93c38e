/** Makes an earlier state of a store go on where a later history was, which is set aside. `restore.ts` says why. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Statements } from "../statements.ts";
import { exists } from "./swap.ts";

/** Numbers that a later history may have given, where nothing tells how many. */
const GAP = 1_000_000;

/** What the store that is set aside knows of the time after the backup. */
export interface Past {
  readonly sequences: ReadonlyMap<string, number>;
  readonly highestValidity: number;
  /** Of all accounts. */
  readonly highestModseq: number;
  /** What a mailbox was like at its end, by its number. */
  readonly mailboxes: ReadonlyMap<number, string>;
}

const MAILBOX_STATE = "select id, account || ' ' || uid_validity || ' ' || uid_next || ' ' || modseq || ' ' || path " +
  "from mailboxes";

/** Null where there is no store, or one that cannot be read. */
export function readPast(dataDir: string): Past | null {
  const path = join(dataDir, "palomar.db");
  if (!exists(path)) return null;
  try {
    const db = new DatabaseSync(path);
    try {
      const sql = new Statements(db);
      const floors = sql.all("select value from settings where name like 'uidValidity.floor.%'");
      const [highest] = sql.get("select coalesce(max(uid_validity), 0) from mailboxes")!;
      const [modseq] = sql.get("select coalesce(max(modseq), 0) from accounts")!;
      return {
        highestModseq: modseq as number,
        sequences: new Map(sql.all("select name, value from sequences") as unknown as [string, number][]),
        highestValidity: floors.reduce((most, [value]) => Math.max(most, Number(value)), highest as number),
        mailboxes: new Map(sql.all(MAILBOX_STATE) as unknown as [number, string][]),
      };
    } finally {
      db.close();
    }
  } catch {
    return null; // damaged: it proves nothing
  }
}

/** What a restore that changes nothing says. */
export function counts(sql: Statements) {
  return { renewed: 0, mailboxes: sql.get("select count(*) from mailboxes")![0] as number, held: 0 };
}

/** Numbers, UIDVALIDITYs and the queue: so that the history after the backup is never contradicted. */
export function goOn(db: DatabaseSync, past: Past | null, seconds: number) {
  const sql = new Statements(db);
  sql.exec("begin immediate");
  const own = new Map(sql.all("select name, value from sequences") as unknown as [string, number][]);
  const highest = sql.get("select coalesce(max(uid_validity), 0) from mailboxes")![0] as number;
  // Seconds are above whatever the sequence gave meanwhile: it gives fewer than one a second.
  let validity = Math.max(
    own.get("uidValidity") ?? 0,
    past?.sequences.get("uidValidity") ?? 0,
    past?.highestValidity ?? 0,
    highest,
    seconds,
  );
  let renewed = 0;
  const mailboxes = sql.all(MAILBOX_STATE) as unknown as readonly (readonly [number, string])[];
  for (const [id, state] of mailboxes) {
    if (past?.mailboxes.get(id) === state) continue;
    sql.run("update mailboxes set uid_validity = ? where id = ?", ++validity, id);
    renewed++;
  }
  for (const [name, value] of own) {
    const later = past ? past.sequences.get(name) ?? 0 : value + GAP;
    const next = name === "uidValidity" ? validity : Math.max(value, later);
    sql.run("update sequences set value = ? where name = ?", next, name);
  }
  // States that clients hold by modseq alone are of the later history: they are told that nobody knows what changed.
  sql.run("update accounts set modseq = max(modseq + ?, ?)", GAP, past?.highestModseq ?? 0);
  const hasFloors = sql.get("select 1 from sqlite_master where name = 'objects'"); // not before a rollback's version
  if (hasFloors) {
    sql.run("update objects set changed = (select modseq from accounts where id = account) where kind = 'floor'");
  }
  const held = sql.run("update queue set state = 2, owner = null, wake_at = null where state <> 2");
  sql.exec("commit");
  return { renewed, mailboxes: mailboxes.length, held };
}
