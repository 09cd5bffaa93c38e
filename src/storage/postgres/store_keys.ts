/** Keys that bodies are encrypted with: which are used, and that they are given. */
import { type BodyPacking, KeyMissing, type Keys } from "../packing/mod.ts";
import type { Pool } from "./pool.ts";
import type { Cells, Param } from "./wire/statement.ts";

/** Where `packing/table.ts` has what the key is known by. */
const USED = "select 1 from blobs where substr(packing, 2, 1) = ?b and substr(packing, 5, 8) = ?b limit 1";
const ENCRYPTED = Uint8Array.of(1);

/**
 * Rejects with `KeyMissing` where a body is encrypted with a key that is not given. Before the first body is encrypted
 * with it, a key is written down.
 */
export async function claimKeys(pool: Pool, { keys }: BodyPacking): Promise<void> {
  const ask: Ask = async (sql, ...values) =>
    (await pool.use((connection) => connection.exchange([{ sql, values }])))[0]!.rows;
  const known = await requireKeys(ask, keys);
  if (keys.first === null || known.includes(keys.first)) return;
  await ask("insert into storage_keys values (?t) on conflict do nothing", keys.first);
}

type Ask = (sql: string, ...values: Param[]) => Promise<readonly Cells[]>;

/** Rejects with `KeyMissing` where a body is encrypted with a key that is not given. Answers what keys are known by. */
export async function requireKeys(ask: Ask, keys: Keys): Promise<readonly string[]> {
  const known = (await ask("select id from storage_keys")).map(([id]) => id as string);
  for (const id of known) {
    if (keys.has(id)) continue;
    // It takes a look at all rows, and so only where somebody would be refused. Another node may be about to use it, so
    // it stays written down.
    if ((await ask(USED, ENCRYPTED, Uint8Array.fromHex(id))).length > 0) throw new KeyMissing(id);
  }
  return known;
}
