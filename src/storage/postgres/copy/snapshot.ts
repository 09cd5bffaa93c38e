/** All of a database at one moment, for whoever copies it: one transaction that reads, which nobody waits for. */
import { type Cell, type StoreSource, type TransferRows } from "../../transfer.ts";
import { StorageError } from "../../storage.ts";
import type { OpenBodies } from "../../body_store.ts";
import { openElsewhere, type ReadElsewhere } from "../bodies_around.ts";
import { infrastructure } from "../failure.ts";
import { CHUNK, LOCK_HOLD_SQL, versionOf } from "../schema.ts";
import { readSequences } from "./sequences.ts";
import { openForCopy } from "../wire/for_copy.ts";
import type { Connection } from "../wire/connection.ts";
import type { Cells, Param } from "../wire/statement.ts";

const PAGE = 500;
/** Rows of up to 64 KiB. */
const BLOB_PAGE = 64;
const CHUNKS = 4;
/** What is this driver's own, or of no worth elsewhere. */
const OWN = ["palomar_schema", "uploads", "chunks", "garbage"];
const OWN_COLUMNS: Readonly<Record<string, readonly string[]>> = { blobs: ["place", "head"] };

/** A database that is being copied. */
export interface PostgresSnapshot extends StoreSource {
  close(): Promise<void>;
}

/** Opens it at the moment of now; rejects with `StorageError`. */
export async function openSnapshot(
  { url, bodies }: { readonly url: string; readonly bodies?: OpenBodies },
): Promise<PostgresSnapshot> {
  const connection = await openForCopy(url);
  let elsewhere: Awaited<ReturnType<typeof openElsewhere>> = null;
  try {
    elsewhere = await openElsewhere(url, bodies);
    const read = elsewhere?.read ?? null;
    const once = (sql: string) => ({ sql, values: [], once: true });
    await expectToday(connection);
    await connection.exchange([once(LOCK_HOLD_SQL)]);
    await connection.exchange([once("begin isolation level repeatable read read only")]);
    const [sums] = await connection.exchange([once(
      "select (select coalesce(sum(size), 0)::bigint from blobs), (select coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint " +
        "from pg_class c where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace)",
    )]);
    const [bodyOctets, rows] = sums!.rows[0] as readonly [number, number];
    const ask: Ask = async (sql, ...values) => (await connection.exchange([{ sql, values }]))[0]!.rows;
    return {
      bodyOctets,
      rows,
      sequences: await readSequences(connection),
      pages: () => pages(connection),
      body: (blob) => body(ask, blob, read),
      close: async () => {
        connection.close();
        await elsewhere?.close();
      },
    };
  } catch (error) {
    connection.close();
    await elsewhere?.close();
    throw infrastructure(error);
  }
}

async function expectToday(connection: Connection): Promise<void> {
  const { version, today } = await versionOf(connection);
  if (version === today) return;
  const advice = version === 0
    ? "there is no store in it"
    : version < today
    ? "start a server of this version once, which brings it up to date"
    : "use the newer program";
  throw new StorageError("unavailable", `the database has schema version ${version}, not ${today}: ${advice}`);
}

async function* pages(connection: Connection): AsyncGenerator<TransferRows> {
  const [tables] = await connection.exchange([{
    sql: "select table_name::text, string_agg(quote_ident(column_name), ',' order by ordinal_position)::text " +
      "from information_schema.columns where table_schema = current_schema() and not table_name = any (?T) " +
      "group by table_name order by table_name",
    values: [OWN],
  }]);
  for (const [table, all] of tables!.rows as readonly (readonly [string, string])[]) {
    const columns = all.split(",").map((name) => name.replaceAll('"', "")).filter((name) =>
      !OWN_COLUMNS[table]?.includes(name)
    );
    const list = columns.map((name) => `"${name}"`).join(", ");
    const once = (sql: string) => ({ sql, values: [], once: true });
    await connection.exchange([once(`declare palomar_copy no scroll cursor for select ${list} from "${table}"`)]);
    const size = table === "blobs" ? BLOB_PAGE : PAGE;
    for (;;) {
      const [page] = await connection.exchange([once(`fetch ${size} from palomar_copy`)]);
      const rows = page!.rows as readonly (readonly Cell[])[];
      if (rows.length > 0) yield { table, columns, rows };
      if (rows.length < size) break;
    }
    await connection.exchange([once("close palomar_copy")]);
  }
}

/** A question over whatever connection. */
type Ask = (sql: string, ...values: Param[]) => Promise<readonly Cells[]>;

async function* body(ask: Ask, blob: number, elsewhere: ReadElsewhere | null): AsyncGenerator<Uint8Array> {
  const [found] = await ask("select place, coalesce(stored, size) from blobs where id = ?i", blob);
  const [place, size] = (found ?? [null, 0]) as readonly [string | null, number];
  if (place !== null) yield* bodyAt(ask, place, size, elsewhere);
}

/** Octets of a large body, in pieces; too few where some are missing. */
export async function* bodyAt(
  ask: Ask,
  place: string,
  size: number,
  elsewhere: ReadElsewhere | null,
): AsyncGenerator<Uint8Array> {
  if (!/^\d+$/.test(place)) {
    if (!elsewhere) throw new StorageError("unavailable", "it is in a store of objects that was not named");
    for (let at = 0; at < size;) {
      const piece = await elsewhere(place, at, Math.min(CHUNK, size - at));
      if (piece.length === 0) return;
      yield piece;
      at += piece.length;
    }
    return;
  }
  const sql = "select number, data from chunks where upload = ?i and number >= ?i order by number limit ?i";
  for (let next = 0;;) {
    const rows = await ask(sql, Number(place), next, CHUNKS) as readonly (readonly [number, Uint8Array])[];
    for (const [number, data] of rows) {
      if (number !== next++) return;
      yield data;
    }
    if (rows.length < CHUNKS) return;
  }
}
