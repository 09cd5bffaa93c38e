/** The store of large bodies that a database works with: its own rows, or one outside of it. */
import type { BodyStore, OpenBodies } from "../body_store.ts";
import { StorageError } from "../storage.ts";
import { Pool } from "./pool.ts";
import { ELSEWHERE, RowBodies } from "./row_bodies.ts";
import { openForCopy } from "./wire/for_copy.ts";
import type { Param } from "./wire/statement.ts";

/** Where bodies are; refuses a database whose bodies are where nobody told us. */
export async function openAround(pool: Pool, open: OpenBodies | undefined): Promise<BodyStore> {
  const own = new RowBodies(pool);
  const ask = async (sql: string, values: Param[] = []) =>
    (await pool.use((connection) => connection.exchange([{ sql, values }])))[0]!.rows;
  if (!open) {
    const elsewhere = await ask("select 1 from blobs where place >= 'a' limit 1");
    if (elsewhere.length > 0) throw new StorageError("unavailable", "bodies are in a store of objects: " + ELSEWHERE);
    return own;
  }
  const [mayAsk] = await ask("select has_function_privilege('pg_control_system()', 'execute')");
  const system = mayAsk![0] === true
    ? (await ask("select system_identifier::text from pg_control_system()"))[0]![0]
    : "";
  const [database] = await ask("select oid::text from pg_database where datname = current_database()");
  return await open({
    own,
    identity: `${system}-${database![0]}`,
    // A store that a restore has set aside, in a schema of its own, still has its bodies.
    named: async (places) => {
      const schemas = await ask(
        "select quote_ident(table_schema)::text from information_schema.columns " +
          "where table_name = 'blobs' and column_name = 'place'",
      );
      const named = new Set<string>();
      for (const [schema] of schemas) {
        const sql = `select place from ${schema as string}.blobs where place = any (?T)`;
        const [found] = await pool.use((connection) => connection.exchange([{ sql, values: [places], once: true }]));
        for (const [place] of found!.rows) named.add(place as string);
      }
      return named;
    },
  });
}

/** Reads octets of a body by its place. */
export type ReadElsewhere = BodyStore["read"];

/** For whoever reads bodies outside of a server: null where all are in the database. */
export async function openElsewhere(
  url: string,
  open: OpenBodies | undefined,
): Promise<{ readonly read: ReadElsewhere; readonly sizes: BodyStore["sizes"]; close(): Promise<void> } | null> {
  if (!open) return null;
  const pool = new Pool(2, () => openForCopy(url));
  const bodies = await openAround(pool, open).catch(async (error) => {
    await pool.close();
    throw error;
  });
  return {
    read: (place, start, length) => bodies.read(place, start, length),
    sizes: (places) => bodies.sizes(places),
    close: async () => {
      bodies.close?.();
      await pool.close();
    },
  };
}
