/** A database that is looked at by a connection of its own, which writes nothing; servers may run on it. */
import { infrastructure } from "../failure.ts";
import { openForCopy } from "../wire/for_copy.ts";
import { versionOf } from "../schema.ts";
import { BodyPacking } from "../../packing/mod.ts";
import { StorageError } from "../../storage.ts";
import { requireKeys } from "../store_keys.ts";
import type { Connection } from "../wire/connection.ts";
import type { Cells, Param } from "../wire/statement.ts";

const ONE_MOMENT = { sql: "begin isolation level repeatable read read only", values: [] };
const END = { sql: "commit", values: [] };
const NAMES = 10_000;

export class Look {
  readonly packing: BodyPacking;
  readonly #connection: Connection;
  readonly #names = new Map<number, string>();

  private constructor(connection: Connection, packing: BodyPacking) {
    this.packing = packing;
    this.#connection = connection;
  }

  /** Rejects with `StorageError` where there is no store, one of another version, or one with other keys. */
  static async open(url: string, keys: readonly Uint8Array[] = []): Promise<Look> {
    const connection = await openForCopy(url);
    try {
      const { version, today } = await versionOf(connection);
      if (version === today) {
        const look = new Look(connection, new BodyPacking({ keys }));
        await requireKeys((sql, ...values) => look.all(sql, ...values), look.packing.keys);
        return look;
      }
      throw new StorageError(
        "unavailable",
        `the database has schema version ${version}, this program knows ${today}: ` +
          (version < today ? "start the server once, which brings it up to date" : "use the newer program"),
      );
    } catch (error) {
      connection.close();
      throw infrastructure(error);
    }
  }

  async all(sql: string, ...values: Param[]): Promise<readonly Cells[]> {
    return (await this.#connection.exchange([{ sql, values }]))[0]!.rows;
  }

  /** Several questions, all of one moment. */
  async atOnce(
    ...questions: readonly (readonly [sql: string, ...values: Param[]])[]
  ): Promise<readonly (readonly Cells[])[]> {
    const steps = questions.map(([sql, ...values]) => ({ sql, values }));
    const results = await this.#connection.exchange([ONE_MOMENT, ...steps, END]);
    return results.slice(1, -1).map(({ rows }) => rows);
  }

  /** Pages of rows: `sql` takes the last key of the page before, then the limit; the key is the first column. */
  async *pages(sql: string, limit: number): AsyncGenerator<readonly Cells[]> {
    for (let last = 0;;) {
      const rows = await this.all(sql, last, limit);
      if (rows.length > 0) yield rows;
      if (rows.length < limit) return;
      last = rows[rows.length - 1]![0] as number;
    }
  }

  async count(sql: string): Promise<number> {
    return Number((await this.all(sql))[0]?.[0] ?? 0);
  }

  /** An account's address, for a person. */
  async address(account: number): Promise<string> {
    let name = this.#names.get(account);
    if (name === undefined) {
      const [found] = await this.all("select address from accounts where id = ?i", account);
      if (this.#names.size > NAMES) this.#names.clear();
      this.#names.set(account, name = found?.[0] as string | undefined ?? `account ${account}`);
    }
    return name;
  }

  close(): void {
    this.#connection.close();
  }
}
