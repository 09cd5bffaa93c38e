/**
 * Scripts as objects with ids and states (RFC 9661): beside each script stands a row of the account's objects, whichever
 * protocol made it. Scripts of older stores have none until somebody asks.
 */
import { textTag } from "../../base/text_tag.ts";
import type { AnswerOf, Args, Modseq } from "../../contract/mod.ts";
import { accountOf, nextModseq } from "./member.ts";
import { objectIdOf } from "./objects.ts";
import type { AccountRow, ObjectRow, Transaction } from "./tables.ts";

/** What the row of a script says; another text has another tag. */
interface Noted {
  readonly name: string;
  readonly active: boolean;
  readonly tag: string;
}

/** Brings the rows up to the scripts. `changed`: whose text is new. */
export function noteScripts(tx: Transaction, account: AccountRow, changed: string | null): void {
  const rows = new Map(tx.objects(account.id, "sieve").map((row) => [read(row).name, row]));
  let modseq = 0;
  const next = () => modseq ||= nextModseq(tx, account);
  for (const { name, active } of tx.sieves(account.id)) {
    const row = rows.get(name);
    rows.delete(name);
    const tag = row && name !== changed ? read(row).tag : textTag(tx.sieveText(account.id, name) ?? "");
    const value = print({ name, active, tag });
    if (row?.value === value) continue;
    if (row) tx.putObject({ ...row, value, changed: next() });
    else {tx.putObject({
        account: account.id,
        kind: "sieve",
        id: tx.next("object"),
        created: next(),
        changed: modseq,
        value,
      });}
  }
  for (const row of rows.values()) {
    tx.removeObject(account.id, "sieve", row.id);
    tx.addDestroyed({ account: account.id, kind: "sieve", modseq: next(), id: row.id, thread: 0 });
  }
  if (modseq > 0) tx.touch(account.id, null);
}

/** Under its new name it is the same script. */
export function noteRename(tx: Transaction, account: AccountRow, name: string, newName: string): void {
  const row = tx.objects(account.id, "sieve").find((one) => read(one).name === name);
  if (!row) return;
  tx.putObject({ ...row, value: print({ ...read(row), name: newName }), changed: nextModseq(tx, account) });
  tx.touch(account.id, null);
}

export function sieveObjects(tx: Transaction, args: Args<"sieve.objects">): AnswerOf<"sieve.objects"> {
  const account = accountOf(tx, args.accountId);
  noteScripts(tx, account, null);
  const scripts = tx.objects(account.id, "sieve").map((row) => ({
    objectId: objectIdOf("sieve", row.id),
    ...read(row),
  }));
  return { state: account.modseq as Modseq, scripts };
}

function read({ value }: ObjectRow): Noted {
  return JSON.parse(value) as Noted;
}

function print({ name, active, tag }: Noted): string {
  return JSON.stringify({ name, active, tag });
}
