/** Reads what operations will ask for (`hints.ts`), in the first round trip of their transaction. */
import { readAccount, readAlias, readDomain } from "./directory_rows.ts";
import { ACCOUNT, MAILBOX, readMailboxes } from "./directory_tables.ts";
import type { Hints } from "./hints.ts";
import { hashOf } from "./blobs.ts";
import { type Known, numbersOf } from "./known.ts";
import { domainPart, nextNumbers } from "./name_tables.ts";
import { QUEUE, readQueue } from "./queue_tables.ts";
import { LOCK_DIRECTORY_SQL, LOCK_RECORDS_SQL } from "./schema.ts";
import type { Step } from "./wire/connection.ts";
import type { Cells, Param } from "./wire/statement.ts";

/** A question, and who learns from its answer. */
interface Question {
  readonly step: Step;
  readonly learn: (rows: readonly Cells[]) => void;
}

/** `locks`: the transaction writes. Locks come first, accounts in the order of their numbers. */
export function questions(hints: Hints, known: Known, locks: boolean): readonly Question[] {
  const asked: Question[] = [];
  const ask = (sql: string, values: readonly Param[], learn: Question["learn"]) => {
    asked.push({ step: { sql, values }, learn });
  };
  if (locks && hints.isDirectory) ask(LOCK_DIRECTORY_SQL, [], () => {});
  if (hints.accounts.size > 0) askAccounts(hints, known, locks, ask);
  if (locks && hints.records.size > 0) {
    ask(LOCK_RECORDS_SQL, [[...hints.records].sort((a, b) => a - b)], () => {});
  }
  if (hints.addresses.size > 0) askAddresses([...hints.addresses], known, ask);
  if (hints.blobs.size > 0) {
    const ids = [...hints.blobs];
    const sql = `select id, 'b' || encode(hash, 'hex') from blobs where hash = any (?B)${
      locks ? " for key share" : ""
    }`;
    ask(sql, [ids.map(hashOf)], (rows) => {
      for (const id of ids) known.blobs.set(id, null);
      for (const [row, id] of rows) known.blobs.set(id as string, row as number);
    });
  }
  if (hints.threads.length > 0) {
    const sql =
      "select account, key, thread from unnest(?I, ?I) as v (account, key) join threads t using (account, key)";
    const [accounts, keys] = [hints.threads.map(([account]) => account), hints.threads.map(([, key]) => key)];
    ask(sql, [accounts, keys], (rows) => {
      for (const [account, key] of hints.threads) known.threads.set(`${account} ${key}`, null);
      for (const [account, key, thread] of rows) known.threads.set(`${account} ${key}`, thread as number);
    });
  }
  if (hints.queue.size > 0 && locks) {
    const ids = [...hints.queue];
    ask(`${QUEUE} where q.id = any (?I) order by q.id for update of q`, [ids], (rows) => {
      for (const id of ids) known.queue.set(id, null);
      for (const cells of rows) known.queue.set(cells[0] as number, readQueue(cells));
    });
  }
  for (const [sequence, count] of hints.sequences) {
    const missing = count - known.free(sequence).length;
    if (missing <= 0) continue;
    const times = Math.ceil(missing / numbersOf(sequence, 1).length);
    ask(nextNumbers(sequence), [times], (rows) => {
      known.free(sequence).push(...rows.flatMap(([first]) => numbersOf(sequence, first as number)));
    });
  }
  return asked;
}

type Ask = (sql: string, values: readonly Param[], learn: Question["learn"]) => void;

function askAccounts(hints: Hints, known: Known, locks: boolean, ask: Ask): void {
  const ids = [...hints.accounts].sort((a, b) => a - b);
  // Rows are locked in the order in which they come.
  ask(`${ACCOUNT} where id = any (?I) order by id${locks ? " for update" : ""}`, [ids], (rows) => {
    for (const id of ids) {
      known.accounts.set(id, null);
      known.lock(id);
    }
    for (const cells of rows) {
      const row = readAccount(cells);
      known.accounts.set(row.id, row);
      known.addresses.set(row.address, row.id);
    }
  });
  ask(`${MAILBOX} where account = any (?I)`, [ids], (rows) => {
    const found = Map.groupBy(rows, (cells) => cells[1] as number);
    for (const id of ids) known.mailboxes.set(id, readMailboxes(found.get(id) ?? []));
  });
}

/** What an address may stand for: an account, an alias, and the domain that it is in. */
function askAddresses(addresses: readonly string[], known: Known, ask: Ask): void {
  const domains = [...new Set(addresses.map(domainPart))];
  ask("select name, catch_all, created_at from domains where name = any (?T)", [domains], (rows) => {
    for (const name of domains) known.domains.set(name, null);
    for (const cells of rows) known.domains.set(cells[0] as string, readDomain(cells));
  });
  ask(`${ACCOUNT} where address = any (?T)`, [addresses], (rows) => {
    for (const address of addresses) known.addresses.set(address, null);
    for (const cells of rows) {
      const row = readAccount(cells);
      known.accounts.set(row.id, row);
      known.addresses.set(row.address, row.id);
    }
  });
  ask("select address, targets, created_at from aliases where address = any (?T)", [addresses], (rows) => {
    for (const address of addresses) known.aliases.set(address, null);
    for (const cells of rows) known.aliases.set(cells[0] as string, readAlias(cells));
  });
}
