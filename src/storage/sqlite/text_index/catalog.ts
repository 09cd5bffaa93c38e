/**
 * `catalog.db`: which emails are indexed, and where in the files of texts. One account's texts are one file, to which
 * blocks are appended; a block counts once its row is there, and was synced before. What lies behind the last block is
 * overwritten.
 */
import { closeSync, fdatasyncSync, mkdirSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Statements } from "../statements.ts";
import type { Block } from "./block.ts";
import { TEXT_KEYS, type TextKey } from "../../sort_text.ts";
import type { ThreadKeys } from "./order_keys.ts";
import { SIGNATURE_OCTETS } from "./signature.ts";

/** Another one: the index is made anew. */
export const CATALOG_VERSION = 4;
const OPEN_FILES = 64;
/** Accounts whose blocks stay in memory: 20 octets an email. */
const KNOWN_ACCOUNTS = 8;
const SHORT = "the file of texts is shorter than its blocks";

const SCHEMA = `
  create table state (name text primary key, value integer not null) without rowid;
  create table accounts (account integer primary key, file integer not null, stop integer not null);
  create table blocks (id integer primary key, account integer not null, start integer not null, size integer not null,
    ids blob not null, offsets blob not null, partial blob, last_mark text not null, head_offsets blob not null,
    heads blob not null);
  create table orders (id integer primary key, subject text not null, "from" text not null, "to" text not null,
    cc text not null, displayFrom text not null, displayTo text not null, thread text not null);
  create index blocks_account on blocks (account, id);
  create table pending (account integer not null, email integer not null, hopeless integer not null,
    primary key (account, email)) without rowid;
`;

/** A block as its row tells it. */
export interface BlockRow {
  readonly id: number;
  readonly start: number;
  readonly size: number;
  readonly ids: Float64Array;
  readonly offsets: Uint32Array;
  /** Emails of which not all is in the texts. */
  readonly partial: Float64Array | null;
}

/** A block's fields that are kept by themselves. */
export interface HeadRow {
  readonly ids: Float64Array;
  readonly offsets: Uint32Array;
  readonly heads: Uint8Array;
}

type Kept<K> = K extends "thread" ? ThreadKeys : string;

export class Catalog {
  readonly sql: Statements;
  readonly #db: DatabaseSync;
  readonly #folder: string;
  readonly #files = new Map<number, number>();
  readonly #blocks = new Map<number, readonly BlockRow[]>();

  constructor(dataDir: string) {
    this.#folder = join(dataDir, "index");
    this.#db = openCatalog(this.#folder);
    this.sql = new Statements(this.#db);
  }

  /** Up to this number all emails are in a block or pending. */
  get cursor(): number {
    return Number(this.sql.get("select value from state where name = 'cursor'")?.[0] ?? 0);
  }

  set cursor(value: number) {
    this.sql.run("insert or replace into state values ('cursor', ?)", value);
  }

  transaction(run: () => void): void {
    this.sql.exec("begin immediate");
    try {
      run();
      this.sql.exec("commit");
    } catch (error) {
      try {
        this.sql.exec("rollback");
      } catch {
        // Rolled back already.
      }
      throw error;
    }
  }

  addPending(account: number, email: number): void {
    this.sql.run("insert or ignore into pending values (?, ?, 0)", account, email);
  }

  /** Emails of the account that are in no block, ascending. */
  pending(account: number): Float64Array {
    const rows = this.sql.all("select email from pending where account = ? order by email", account);
    return Float64Array.from(rows, ([email]) => email as number);
  }

  /** Those that are worth a try. */
  waiting(account: number, limit: number): readonly number[] {
    const sql = "select email from pending where account = ? and not hopeless order by email limit ?";
    return this.sql.all(sql, account, limit).map(([email]) => email as number);
  }

  /** Accounts in which so many wait. */
  crowded(count: number): readonly number[] {
    const sql = "select account from pending where not hopeless group by account having count(*) >= ?";
    return this.sql.all(sql, count).map(([account]) => account as number);
  }

  /** Nothing can be made of it: whoever searches reads the message. */
  giveUp(account: number, email: number): void {
    this.sql.run("update pending set hopeless = 1 where account = ? and email = ?", account, email);
  }

  dropPending(account: number, email: number): void {
    this.sql.run("delete from pending where account = ? and email = ?", account, email);
  }

  /** Appends the texts and writes the row; within a transaction. */
  addBlock(account: number, block: Block): void {
    this.#blocks.delete(account);
    const [file, stop] = this.#fileOf(account);
    const fd = this.#open(account, file);
    const start = stop + SIGNATURE_OCTETS;
    writeAll(fd, octets(block.signature), stop);
    writeAll(fd, block.texts, start);
    fdatasyncSync(fd);
    const id = this.sql.insert(
      "insert into blocks (account, start, size, ids, offsets, partial, last_mark, head_offsets, heads) " +
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      account,
      start,
      block.texts.length,
      octets(block.ids),
      octets(block.offsets),
      block.partial.length > 0 ? octets(block.partial) : null,
      block.lastMark,
      octets(block.headOffsets),
      block.heads,
    );
    this.sql.run(
      "insert into orders values (?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      ...TEXT_KEYS.map((_, key) => JSON.stringify(block.order.map(({ texts }) => texts[key]))),
      JSON.stringify(block.order.map(({ thread }) => thread)),
    );
    this.sql.run("update accounts set stop = ? where account = ?", start + block.texts.length, account);
  }

  /** All of an account, in the order they were made. */
  blocks(account: number): readonly BlockRow[] {
    let known = this.#blocks.get(account);
    if (known) return known;
    const sql = "select id, start, size, ids, offsets, partial from blocks where account = ? order by id";
    known = this.sql.all(sql, account).map(([id, start, size, ids, offsets, partial]) => ({
      id: id as number,
      start: start as number,
      size: size as number,
      ids: numbers(ids as Uint8Array),
      offsets: words(offsets as Uint8Array),
      partial: partial === null ? null : numbers(partial as Uint8Array),
    }));
    if (this.#blocks.size >= KNOWN_ACCOUNTS) this.#blocks.clear();
    this.#blocks.set(account, known);
    return known;
  }

  /** What is kept of each email of an account: a sort key, or what threads are made of. */
  *orders<K extends TextKey | "thread">(account: number, key: K): Generator<readonly [number, Kept<K>]> {
    const statement = this.sql.once(
      `select b.ids, o."${key}" from blocks b join orders o on o.id = b.id where b.account = ?`,
    );
    for (const [ids, kept] of statement(account)) {
      const values = JSON.parse(kept as string) as Kept<K>[];
      const emails = numbers(ids as Uint8Array);
      for (let i = 0; i < emails.length; i++) yield [emails[i]!, values[i]!];
    }
  }

  heads(account: number, after: number, limit: number): readonly (HeadRow & { readonly id: number })[] {
    const sql = "select id, ids, head_offsets, heads from blocks where account = ? and id > ? order by id limit ?";
    return this.sql.all(sql, account, after, limit).map(([id, ids, offsets, heads]) => ({
      id: id as number,
      ids: numbers(ids as Uint8Array),
      offsets: words(offsets as Uint8Array),
      heads: heads as Uint8Array,
    }));
  }

  /** Where the texts of an account are. */
  texts(account: number): TextFile {
    return new TextFile(this.#open(account, this.#fileOf(account)[0]));
  }

  /** The last emails of the newest blocks, and by what they are known. */
  lastMarks(limit: number): readonly (readonly [email: number, mark: string])[] {
    const rows = this.sql.all("select ids, last_mark from blocks order by id desc limit ?", limit);
    return rows.map(([ids, mark]) => [numbers(ids as Uint8Array).at(-1)!, mark as string]);
  }

  accounts(): readonly number[] {
    return this.sql.all("select account from accounts").map(([account]) => account as number);
  }

  /** Forgets what is indexed of an account; `living` shall be indexed again. */
  drop(account: number, living: readonly number[]): void {
    const file = this.#fileOf(account)[0];
    this.transaction(() => {
      this.sql.run("delete from orders where id in (select id from blocks where account = ?)", account);
      this.sql.run("delete from blocks where account = ?", account);
      this.sql.run("delete from accounts where account = ?", account);
      for (const email of living) this.addPending(account, email);
    });
    const fd = this.#files.get(account);
    if (fd !== undefined) closeSync(fd);
    this.#files.delete(account);
    this.#blocks.delete(account);
    rmSync(this.#path(file), { force: true });
  }

  close(): void {
    for (const fd of this.#files.values()) closeSync(fd);
    this.#db.close();
  }

  /** Closes it and takes everything away. */
  destroy(): void {
    this.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #fileOf(account: number): readonly [file: number, stop: number] {
    const row = this.sql.get("select file, stop from accounts where account = ?", account);
    if (row) return row as unknown as [number, number];
    // Not the account's number: an account that was dropped gets a file of its own.
    const file = Number(this.sql.get("select value from state where name = 'file'")?.[0] ?? 0) + 1;
    this.sql.run("insert or replace into state values ('file', ?)", file);
    this.sql.run("insert into accounts values (?, ?, 0)", account, file);
    return [file, 0];
  }

  #open(account: number, file: number): number {
    const known = this.#files.get(account);
    if (known !== undefined) return known;
    if (this.#files.size >= OPEN_FILES) {
      for (const fd of this.#files.values()) closeSync(fd);
      this.#files.clear();
    }
    const path = this.#path(file);
    Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
    const fd = openSync(path, "r+");
    this.#files.set(account, fd);
    return fd;
  }

  #path(file: number): string {
    return join(this.#folder, file.toString(36).padStart(8, "0") + ".text");
  }
}

/** Reads the texts of one account. Good until the catalog is asked for something else. */
export class TextFile {
  readonly #fd: number;
  readonly #row = new Uint32Array(1);
  readonly #rowOctets = new Uint8Array(this.#row.buffer);

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Octets of a block from `offset` on, into `into`. */
  read(block: BlockRow, offset: number, length: number, into: Uint8Array): void {
    for (let at = 0; at < length;) {
      const got = readSync(this.#fd, into, at, length - at, block.start + offset + at);
      if (got === 0) throw new Error(SHORT);
      at += got;
    }
  }

  /** Which emails of a block may have a text: bit by bit. */
  candidates(block: BlockRow, rows: readonly number[]): number {
    let bits = -1 >>> (32 - block.ids.length);
    for (const row of rows) {
      const got = readSync(this.#fd, this.#rowOctets, 0, 4, block.start - SIGNATURE_OCTETS + 4 * row);
      if (got !== 4) throw new Error(SHORT);
      bits &= this.#row[0]!;
      if (bits === 0) break;
    }
    return bits;
  }
}

function writeAll(fd: number, bytes: Uint8Array, start: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, start + at);
}

/** Opens it; what is of another version or damaged goes, and an empty one is made. */
function openCatalog(folder: string): DatabaseSync {
  try {
    return openAs(folder);
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return openAs(folder);
  }
}

function openAs(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "catalog.db");
  Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
  const db = new DatabaseSync(path, { timeout: 5000 });
  try {
    db.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -16384;");
    const { user_version: version } = db.prepare("pragma user_version").get() as { user_version: number };
    if (version === 0) db.exec(`begin; ${SCHEMA} pragma user_version = ${CATALOG_VERSION}; commit`);
    else if (version !== CATALOG_VERSION) throw new Error("another version");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function octets(array: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function numbers(bytes: Uint8Array): Float64Array {
  return new Float64Array(bytes.slice().buffer);
}

function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}
