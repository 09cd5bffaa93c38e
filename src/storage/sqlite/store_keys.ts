/** Keys that bodies of a store are encrypted with: which are used, and that they are given. */
import { type BodyPacking, KeyMissing, type Keys } from "../packing/mod.ts";
import type { Statements } from "./statements.ts";

/** Where `packing/table.ts` has what the key is known by. */
const USED = "select 1 from blobs where substr(packing, 2, 1) = x'01' and substr(packing, 5, 8) = ? limit 1";

/**
 * Throws `KeyMissing` where a body is encrypted with a key that is not given. Answers keys that were used once and are no
 * more. A store of an older version has none.
 */
export function requireKeys(sql: Statements, keys: Keys): readonly string[] {
  const unused: string[] = [];
  for (const id of usedKeys(sql)) {
    if (keys.has(id)) continue;
    // It takes a look at all rows, and so only where somebody would be refused.
    if (sql.get(USED, Uint8Array.fromHex(id))) throw new KeyMissing(id);
    unused.push(id);
  }
  return unused;
}

/** Before the first body is encrypted with it, a key is written down. */
export function claimKeys(sql: Statements, { keys }: BodyPacking): void {
  for (const id of requireKeys(sql, keys)) sql.run("delete from storage_keys where id = ?", id);
  if (keys.first !== null) sql.run("insert or ignore into storage_keys values (?)", keys.first);
}

function usedKeys(sql: Statements): readonly string[] {
  const isThere = sql.get("select 1 from main.sqlite_master where name = 'storage_keys'");
  return isThere ? sql.all("select id from storage_keys").map(([id]) => id as string) : [];
}
