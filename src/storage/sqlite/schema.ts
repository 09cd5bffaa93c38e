/** The database file: its pragmas, its tables, and how an older one becomes today's. */
import { copyFileSync, renameSync } from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../storage.ts";

/**
 * Ordered, never edited: version `n` is what the first `n` entries make. Integers are keys; ids are printed from them.
 * Columns that lists need stand before those that are large, because SQLite reads a row from its front.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table sequences (name text primary key, value integer not null) without rowid;
  create table settings (name text primary key, value text not null) without rowid;
  create table domains (id integer primary key, name text not null unique, catch_all text, created_at integer not null);
  create table aliases (address text primary key, domain text not null, targets text not null,
    created_at integer not null) without rowid;
  create index aliases_domain on aliases (domain);
  create table accounts (id integer primary key, address text not null unique, domain text not null, name text not null,
    quota_bytes integer, quota_messages integer, used_bytes integer not null, used_messages integer not null,
    modseq integer not null, disabled integer not null, created_at integer not null, credentials text not null);
  create index accounts_domain on accounts (domain, id);

  create table mailboxes (id integer primary key, account integer not null, path text not null, role text,
    uid_validity integer not null, uid_next integer not null, modseq integer not null, messages integer not null,
    unseen integer not null, size integer not null, deleted integer not null, floor integer not null);
  create index mailboxes_account on mailboxes (account);
  create table subscriptions (account integer not null, path text not null, primary key (account, path)) without rowid;

  create table members (mailbox integer not null, uid integer not null, modseq integer not null,
    email integer not null, flags integer not null, keywords text not null, save_date integer not null,
    size integer not null, primary key (mailbox, uid)) without rowid;
  create index members_modseq on members (mailbox, modseq);
  create index members_email on members (email);
  create index members_deleted on members (mailbox, uid) where flags & 16;
  create index members_keywords on members (mailbox, keywords) where keywords <> '';
  create table tombstones (mailbox integer not null, modseq integer not null, uid integer not null,
    email integer not null, primary key (mailbox, modseq, uid)) without rowid;

  create table emails (id integer primary key, account integer not null, thread integer not null, blob integer not null,
    hash blob not null, blob_size integer not null, size integer not null, internal_date integer not null,
    sent_at integer, header_end integer not null, prefix blob not null);
  create index emails_blob on emails (blob, account);
  create table threads (account integer not null, key integer not null, thread integer not null,
    primary key (account, key)) without rowid;

  create table blobs (id integer primary key, hash blob not null unique, size integer not null, segment integer,
    start integer, header_end integer not null, extra text, envelope text not null, structure text not null, data blob);
  create index blobs_segment on blobs (segment, start) where segment is not null;
  create table garbage (blob integer primary key);

  create table queue (id integer primary key, trace text not null, recipient text not null, domain text,
    state integer not null, attempts integer not null, queued_at integer not null, due_at integer not null,
    expires_at integer not null, last_reply text, owner text, wake_at integer, sender text not null,
    blob integer not null, prefix blob not null);
  create index queue_wake on queue (wake_at, id) where wake_at is not null;
  create index queue_trace on queue (trace);
  create index queue_blob on queue (blob);

  create table journal (id integer primary key, trace text not null, entries text not null);
  create index journal_trace on journal (trace);
  `,
  // Of messages that were there before, nothing is prepared: it is printed from the index as it was.
  `
  create table imap_text (blob integer primary key, envelope text not null, structure text not null,
    envelope_utf8 text, structure_utf8 text);
  `,
  `
  alter table accounts add column shared integer not null default 0;
  create table acl (mailbox integer not null, grantee text not null, account integer not null, rights text not null,
    primary key (mailbox, grantee)) without rowid;
  create index acl_grantee on acl (grantee);
  `,
  `
  create table metadata (mailbox integer not null, account integer not null, entry text not null, size integer not null,
    value blob not null, primary key (mailbox, account, entry));
  create index metadata_account on metadata (account, size);
  `,
  `
  create table tokens (id integer primary key, account integer not null, hash text not null unique, name text not null,
    created_at integer not null, expires_at integer);
  create index tokens_account on tokens (account);
  `,
  `
  create table senders (key text primary key, address text not null, until integer not null) without rowid;
  create index senders_until on senders (until);
  `,
  `
  create table sieve (account integer not null, name text not null, octets integer not null, active integer not null,
    content text not null, primary key (account, name));
  `,
  `
  alter table queue add column route text;
  `,
  `
  alter table queue add column report text;
  `,
  `
  create table origins (email integer primary key, account integer not null, key text not null, name text not null,
    line_ends text not null);
  create index origins_key on origins (account, key);
  `,
  `
  create table delivery (account integer primary key, settings text not null);
  create table seen (account integer not null, key text not null, until integer not null, primary key (account, key))
    without rowid;
  create index seen_until on seen (account, until);
  `,
  // Classes take turns, so each has its own order. Few rows are leased or held, and those are asked for by their state.
  `
  alter table queue add column priority integer not null default 1;
  alter table queue add column class integer not null default 1;
  update queue set class = 3 where attempts > 1;
  drop index queue_wake;
  create index queue_wake on queue (class, wake_at) where wake_at is not null;
  create index queue_state on queue (state) where state > 0;
  drop index queue_trace;
  create index queue_trace on queue (trace, domain);
  create index queue_domain on queue (domain);
  `,
  `
  alter table accounts add column kept_bytes integer not null default 0;
  create table removed (id integer primary key autoincrement, account integer not null, mailbox integer not null,
    path text not null, uid integer not null, email integer not null, flags integer not null, keywords text not null,
    save_date integer not null, size integer not null, at integer not null);
  create index removed_account on removed (account);
  create index removed_email on removed (email);
  create index removed_at on removed (at);
  `,
  // Of what was before, nobody knows what is gone.
  `
  alter table emails add column created integer not null default 0;
  create table objects (account integer not null, kind text not null, id integer not null, created integer not null,
    changed integer not null, value text not null, primary key (account, kind, id)) without rowid;
  create index objects_kind on objects (kind, id);
  create table destroyed (account integer not null, kind text not null, modseq integer not null, id integer not null,
    thread integer not null, primary key (account, kind, modseq, id)) without rowid;
  insert into objects select id, 'floor', 0, 0, modseq, '' from accounts;
  `,
  // Of a body that is packed: how many octets lie in its row or segment, and its table (`storage/packing/`).
  `
  alter table blobs add column stored integer;
  alter table blobs add column packing blob;
  create table storage_keys (id text primary key) without rowid;
  `,
  `
  create table records (kind text not null, key text not null, version integer not null, account integer not null,
    expires_at integer, value text not null, primary key (kind, key)) without rowid;
  create index records_account on records (account, kind, key) where account > 0;
  create index records_end on records (expires_at) where expires_at is not null;
  `,
  // Tokens that are there may be used for everything.
  `
  alter table tokens add column scopes text;
  alter table tokens add column used_at integer;
  alter table tokens add column used_from text;
  `,
];

/** How many snapshots of older versions stay. */
const SNAPSHOTS = 2;

/** Opens the file, made and migrated where needed. Refuses what a later version made. */
export function openDatabase(path: string): DatabaseSync {
  // SQLite gives its log files the mode of the database.
  Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
  const db = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: false });
  try {
    // Before the first table is made, else it has no effect. Small pages: most that a commit touches are index pages
    // at random places, each of which goes into the log whole.
    db.exec("pragma page_size = 4096; pragma auto_vacuum = incremental;");
    db.exec(
      "pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -65536; pragma temp_store = memory;",
    );
    db.exec("pragma wal_autocheckpoint = 8000; pragma journal_size_limit = 67108864;");
    expectPragma(db, "journal_mode", "wal");
    expectPragma(db, "synchronous", 2); // anything less acknowledges mail that a power cut takes back
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A snapshot first, then all steps in one transaction. */
function migrate(db: DatabaseSync, path: string): void {
  const { user_version: version } = db.prepare("pragma user_version").get() as { user_version: number };
  if (version === MIGRATIONS.length) return;
  if (version > MIGRATIONS.length) {
    throw new StorageError(
      "unavailable",
      `${path} has schema version ${version}, this program knows ${MIGRATIONS.length}: ` +
        `start the newer program, or bring back the snapshot it made (palomar rollback)`,
    );
  }
  if (version > 0) {
    db.exec("pragma wal_checkpoint(truncate)"); // so that the one file is all there is to copy
    takeSnapshot(path, version);
    dropSnapshots(path);
  }
  db.exec("begin immediate");
  try {
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.exec(`pragma user_version = ${MIGRATIONS.length}; commit`);
  } catch (error) {
    db.exec("rollback");
    throw error;
  }
}

/** It has its name only when it is whole and on disk: one that the disk had no room for is none. */
function takeSnapshot(path: string, version: number): void {
  const snapshot = snapshotPath(path, version);
  const partial = `${snapshot}.partial`;
  try {
    copyFileSync(path, partial);
    const file = Deno.openSync(partial, { read: true });
    file.syncSync();
    file.close();
    renameSync(partial, snapshot);
  } catch (error) {
    try {
      Deno.removeSync(partial);
    } catch {
      // it was not even begun
    }
    throw error;
  }
}

/** The file that keeps what a database was at a version. */
export function snapshotPath(path: string, version: number): string {
  return `${path}.version-${version}`;
}

/** Versions of which a snapshot is there, newest first. */
export function snapshotVersions(path: string): readonly number[] {
  const beginning = snapshotPath(basename(path), 0).slice(0, -1);
  return [...Deno.readDirSync(dirname(path))].filter(({ name }) => name.startsWith(beginning))
    .map(({ name }) => Number(name.slice(beginning.length))).filter(Number.isInteger).sort((a, b) => b - a);
}

/** Snapshots of the versions before the last two. */
function dropSnapshots(path: string): void {
  for (const version of snapshotVersions(path).slice(SNAPSHOTS)) Deno.removeSync(snapshotPath(path, version));
}

function expectPragma(db: DatabaseSync, name: string, expected: string | number): void {
  const value = Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0];
  if (value !== expected) {
    throw new StorageError("unavailable", `SQLite took ${name} = ${String(value)} instead of ${expected}`);
  }
}
