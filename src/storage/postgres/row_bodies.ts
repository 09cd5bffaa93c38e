/** Large bodies in rows of 256 KiB, which go up as they come: where no store of objects is named. */
import { EMPTY } from "../../base/bytes.ts";
import type { BodyStore, BodyUpload } from "../body_store.ts";
import { StorageError } from "../storage.ts";
import { BLOCK, CHUNK } from "./schema.ts";
import type { Pool } from "./pool.ts";
import type { Step } from "./wire/connection.ts";

/** A body that was begun so long ago belongs to nobody who lives. */
const ABANDONED = "1 day";
const SWEPT = 200;
const OWN_PLACE = /^\d+$/;
/** What to do where a place is none of ours. */
export const ELSEWHERE = "storage.objects must name the bucket that this database works with";

/** Bodies in rows. Not synced by themselves: the commit that names one syncs all that was written before. */
export class RowBodies implements BodyStore {
  readonly #pool: Pool;
  readonly #free: number[] = [];

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  create(): BodyUpload {
    return new Upload((steps) => this.#write(steps), () => this.#next());
  }

  async read(place: string, start: number, length: number): Promise<Uint8Array> {
    if (length <= 0) return EMPTY;
    if (this.isElsewhere(place)) {
      throw new StorageError("unavailable", "the body is in a store of objects: " + ELSEWHERE);
    }
    const first = Math.floor(start / CHUNK);
    const last = Math.floor((start + length - 1) / CHUNK);
    const sql = "select case when number = ?i then substr(data, ?i::int, ?i::int) else substr(data, 1, ?i::int) end " +
      "from chunks where upload = ?i and number between ?i and ?i order by number";
    const from = start - first * CHUNK;
    const beyond = Math.max(0, start + length - last * CHUNK);
    const values = [first, from + 1, Math.min(length, CHUNK - from), beyond, Number(place), first, last];
    const rows = (await this.#pool.use((connection) => connection.exchange([{ sql, values }])))[0]!.rows;
    const pieces = rows.map(([data]) => data as Uint8Array);
    if (pieces.length < 2) return pieces[0] ?? EMPTY;
    const octets = new Uint8Array(pieces[0]!.length + pieces[1]!.length);
    octets.set(pieces[0]!);
    octets.set(pieces[1]!, pieces[0]!.length);
    return octets;
  }

  async remove(places: readonly string[]): Promise<void> {
    if (places.length === 0) return;
    const ids = places.map(Number);
    await this.#write([
      { sql: "delete from chunks where upload = any (?I)", values: [ids] },
      { sql: "delete from uploads where id = any (?I)", values: [ids] },
    ]);
  }

  async sweep(): Promise<void> {
    const sql = `select id from uploads u where created_at < now() - interval '${ABANDONED}' and ` +
      "not exists (select 1 from blobs b where b.place = u.id::text) limit ?i";
    const [found] = await this.#pool.use((connection) => connection.exchange([{ sql, values: [SWEPT] }]));
    await this.remove(found!.rows.map(([id]) => String(id)));
  }

  isElsewhere(place: string): boolean {
    return !OWN_PLACE.test(place);
  }

  async sizes(places: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const ids = places.filter((place) => !this.isElsewhere(place)).map(Number);
    const sql = "select u.id, coalesce(sum(octet_length(c.data)), 0)::bigint from uploads u " +
      "left join chunks c on c.upload = u.id where u.id = any (?I) group by u.id";
    const [found] = await this.#pool.use((connection) => connection.exchange([{ sql, values: [ids] }]));
    return new Map(found!.rows.map(([id, size]) => [String(id), size as number]));
  }

  async #write(steps: readonly Step[]): Promise<void> {
    await this.#pool.use((connection) =>
      connection.exchange([
        { sql: "begin", values: [] },
        { sql: "set local synchronous_commit = off", values: [] },
        ...steps,
        { sql: "commit", values: [] },
      ])
    );
  }

  async #next(): Promise<number> {
    if (this.#free.length === 0) {
      const sql = "select nextval('seq_upload')";
      const [answer] = await this.#pool.use((connection) => connection.exchange([{ sql, values: [] }]));
      const first = answer!.rows[0]![0] as number;
      this.#free.push(...Array.from({ length: BLOCK }, (_, i) => first + i));
    }
    return this.#free.shift()!;
  }
}

class Upload implements BodyUpload {
  readonly #send: (steps: readonly Step[]) => Promise<void>;
  readonly #name: () => Promise<number>;
  #id = 0;
  #number = 0;
  #chunk = new Uint8Array(CHUNK);
  #filled = 0;

  constructor(send: (steps: readonly Step[]) => Promise<void>, name: () => Promise<number>) {
    this.#send = send;
    this.#name = name;
  }

  async write(octets: Uint8Array): Promise<void> {
    for (let at = 0; at < octets.length;) {
      const piece = octets.subarray(at, at + CHUNK - this.#filled);
      this.#chunk.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === CHUNK) await this.#flush();
    }
  }

  async finish(): Promise<string> {
    await this.#flush();
    return String(this.#id);
  }

  async abort(): Promise<void> {
    this.#filled = 0;
    if (this.#id === 0) return;
    await this.#send([
      { sql: "delete from chunks where upload = ?i", values: [this.#id] },
      { sql: "delete from uploads where id = ?i", values: [this.#id] },
    ]);
  }

  async #flush(): Promise<void> {
    const steps: Step[] = [];
    if (this.#id === 0) {
      this.#id = await this.#name();
      steps.push({ sql: "insert into uploads (id) values (?i)", values: [this.#id] });
    }
    if (this.#filled > 0) {
      const values = [this.#id, this.#number++, this.#chunk.subarray(0, this.#filled)];
      steps.push({ sql: "insert into chunks values (?i, ?i, ?b)", values });
      this.#filled = 0;
    }
    if (steps.length > 0) await this.#send(steps);
  }
}
