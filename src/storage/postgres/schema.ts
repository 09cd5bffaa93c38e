/** The tables, and how an older database becomes today's. Nodes that start at the same time wait for each other. */
import { StorageError } from "../storage.ts";
import type { Connection } from "./wire/connection.ts";

/** Advisory locks of this program: the class is the word "palo". */
const LOCK_CLASS = 0x70616c6f;
/** Another class, the word "reco": its locks are numbers of records. */
const LOCK_RECORDS = 0x7265636f;
const LOCK_MIGRATION = 1;
const LOCK_DIRECTORY = 2;
/** Held, shared, by every server; alone by whoever puts another store in its place. */
const LOCK_NODE = 3;
/** Held, shared, by whoever copies: meanwhile no octets outside of the database are removed. */
const LOCK_HOLD = 4;

export const LOCK_MIGRATION_SQL = `select pg_advisory_xact_lock(${LOCK_CLASS}, ${LOCK_MIGRATION})`;
export const LOCK_NODE_SQL = `select pg_try_advisory_lock_shared(${LOCK_CLASS}, ${LOCK_NODE})`;
export const LOCK_ALONE_SQL = `select pg_try_advisory_xact_lock(${LOCK_CLASS}, ${LOCK_NODE})`;
export const LOCK_HOLD_SQL = `select pg_advisory_lock_shared(${LOCK_CLASS}, ${LOCK_HOLD})`;
export const FREE_TO_REMOVE_SQL = `select pg_try_advisory_xact_lock(${LOCK_CLASS}, ${LOCK_HOLD})`;

/** Whoever changes domains, accounts, aliases or settings does so alone. */
export const LOCK_DIRECTORY_SQL = `select pg_advisory_xact_lock(${LOCK_CLASS}, ${LOCK_DIRECTORY})`;

/** Whoever changes a record does so alone; of many, in the order of their numbers. */
export const LOCK_RECORDS_SQL =
  `select pg_advisory_xact_lock(${LOCK_RECORDS}, v::int) from (select unnest(?I) as v order by 1) as t`;

/** How many numbers one question of a sequence gives: those that come with every message are taken in blocks. */
export const BLOCK = 256;
/** Octets of a body in one row. */
export const CHUNK = 256 * 1024;

/**
 * Ordered, never edited: version `n` is what the first `n` entries make. Text is compared octet by octet, as everywhere
 * else. Octets of bodies are stored as they are: a slice of them is read without the rest.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create sequence seq_account; create sequence seq_mailbox; create sequence seq_token; create sequence "seq_uidValidity";
  create sequence seq_email increment by ${BLOCK}; create sequence seq_queue increment by ${BLOCK};
  create sequence seq_blob increment by ${BLOCK}; create sequence seq_upload increment by ${BLOCK};

  create table settings (name text collate "C" primary key, value text not null);
  create table domains (id bigint generated always as identity primary key, name text collate "C" not null unique,
    catch_all text, created_at bigint not null);
  create table aliases (address text collate "C" primary key, domain text collate "C" not null, targets text not null,
    created_at bigint not null);
  create index aliases_domain on aliases (domain);
  create table accounts (id bigint primary key, address text collate "C" not null unique,
    domain text collate "C" not null, name text not null, quota_bytes bigint, quota_messages bigint,
    used_bytes bigint not null, used_messages bigint not null, modseq bigint not null, disabled boolean not null,
    created_at bigint not null, credentials text not null, shared boolean not null) with (fillfactor = 70);
  create index accounts_domain on accounts (domain, id);
  create table tokens (id bigint primary key, account bigint not null, hash text collate "C" not null unique,
    name text not null, created_at bigint not null, expires_at bigint);
  create index tokens_account on tokens (account);
  create table senders (key text collate "C" primary key, address text not null, until bigint not null);
  create index senders_until on senders (until);
  create table sieve (account bigint not null, name text collate "C" not null, octets bigint not null,
    active boolean not null, content bytea not null, primary key (account, name));
  create table delivery (account bigint primary key, settings text not null);
  create table seen (account bigint not null, key text collate "C" not null, until bigint not null,
    primary key (account, key));
  create index seen_until on seen (account, until);

  create table mailboxes (id bigint primary key, account bigint not null, path text collate "C" not null,
    role text collate "C", uid_validity bigint not null, uid_next bigint not null, modseq bigint not null,
    messages bigint not null, unseen bigint not null, size bigint not null, deleted bigint not null,
    floor bigint not null) with (fillfactor = 70);
  create index mailboxes_account on mailboxes (account);
  create table subscriptions (account bigint not null, path text collate "C" not null, primary key (account, path));
  create table acl (mailbox bigint not null, grantee text collate "C" not null, account bigint not null,
    rights text not null, primary key (mailbox, grantee));
  create index acl_grantee on acl (grantee);
  create table metadata (mailbox bigint not null, account bigint not null, entry text collate "C" not null,
    size bigint not null, value bytea not null, primary key (mailbox, account, entry));
  create index metadata_account on metadata (account);

  create table members (mailbox bigint not null, uid bigint not null, modseq bigint not null, email bigint not null,
    flags bigint not null, keywords text collate "C" not null, save_date bigint not null, size bigint not null,
    primary key (mailbox, uid));
  create index members_modseq on members (mailbox, modseq);
  create index members_email on members (email);
  create index members_deleted on members (mailbox, uid) where flags & 16 <> 0;
  create index members_keywords on members (mailbox) where keywords <> '';
  create table tombstones (mailbox bigint not null, modseq bigint not null, uid bigint not null, email bigint not null,
    primary key (mailbox, modseq, uid));
  create table emails (id bigint primary key, account bigint not null, thread bigint not null, blob bigint not null,
    hash bytea not null, blob_size bigint not null, size bigint not null, internal_date bigint not null,
    sent_at bigint, header_end bigint not null, prefix bytea not null);
  create index emails_blob on emails (blob, account);
  create table origins (email bigint primary key, account bigint not null, key text collate "C" not null,
    name text not null, line_ends text not null);
  create index origins_key on origins (account, key);
  create table threads (account bigint not null, key bigint not null, thread bigint not null,
    primary key (account, key));

  create table blobs (id bigint primary key, hash bytea not null unique, size bigint not null, place text,
    header_end bigint not null, extra text, envelope text not null, structure text not null, data bytea);
  alter table blobs alter column data set storage external;
  create index blobs_place on blobs (place) where place is not null;
  create table imap_text (blob bigint primary key, envelope text not null, structure text not null,
    envelope_utf8 text, structure_utf8 text);
  create table garbage (blob bigint primary key);
  create table uploads (id bigint primary key, created_at timestamptz not null default now());
  create table chunks (upload bigint not null, number bigint not null, data bytea not null,
    primary key (upload, number));
  alter table chunks alter column data set storage external;

  create table queue (id bigint primary key, trace text collate "C" not null, recipient text not null,
    domain text collate "C", state bigint not null, attempts bigint not null, queued_at bigint not null,
    due_at bigint not null, expires_at bigint not null, last_reply text, owner text, wake_at bigint,
    sender text not null, blob bigint not null, prefix bytea not null, route text collate "C", report text,
    priority bigint not null, class bigint not null) with (fillfactor = 70);
  create index queue_wake on queue (class, wake_at, id) where wake_at is not null;
  create index queue_state on queue (state, id) where state > 0;
  create index queue_trace on queue (trace, domain, id);
  create index queue_domain on queue (domain, id);
  create index queue_blob on queue (blob);
  create table journal (id bigint generated always as identity primary key, trace text collate "C" not null,
    entries text not null);
  create index journal_trace on journal (trace, id);
  `,
  `
  alter table accounts add column kept_bytes bigint not null default 0;
  create table removed (id bigint generated always as identity primary key, account bigint not null,
    mailbox bigint not null, path text collate "C" not null, uid bigint not null, email bigint not null,
    flags bigint not null, keywords text not null, save_date bigint not null, size bigint not null, at bigint not null);
  create index removed_account on removed (account, id);
  create index removed_email on removed (email);
  create index removed_at on removed (at);
  `,
  // Of what was before, nobody knows what is gone.
  `
  create sequence seq_object;
  alter table emails add column created bigint not null default 0;
  create table objects (account bigint not null, kind text collate "C" not null, id bigint not null,
    created bigint not null, changed bigint not null, value text not null, primary key (account, kind, id));
  create index objects_kind on objects (kind, id);
  create table destroyed (account bigint not null, kind text collate "C" not null, modseq bigint not null,
    id bigint not null, thread bigint not null, primary key (account, kind, modseq, id));
  insert into objects select id, 'floor', 0, 0, modseq, '' from accounts;
  `,
  // The header of a body that is in a store of objects.
  `
  alter table blobs add column head bytea;
  `,
  // Of a body that is packed: how many octets lie in its row or elsewhere, and its table (`storage/packing/`).
  `
  alter table blobs add column stored bigint;
  alter table blobs add column packing bytea;
  create table storage_keys (id text collate "C" primary key);
  `,
  `
  create table records (kind text collate "C" not null, key text collate "C" not null, version bigint not null,
    account bigint not null, expires_at bigint, value text not null, primary key (kind, key));
  create index records_account on records (account, kind, key);
  create index records_end on records (expires_at) where expires_at is not null;
  `,
  // Tokens that are there may be used for everything.
  `
  alter table tokens add column scopes text;
  alter table tokens add column used_at bigint;
  alter table tokens add column used_from text;
  `,
];

/** Our tables: those that the migrations make. */
export const TABLES: readonly string[] = [
  "palomar_schema",
  ...MIGRATIONS.flatMap((text) => Array.from(text.matchAll(/create table (\w+)/g), ([, name]) => name!)),
];

const once = (sql: string) => ({ sql, values: [], once: true });

/** The version of the tables that are there, 0 where there are none; and of those that this program makes. */
export async function versionOf(connection: Connection): Promise<{ readonly version: number; readonly today: number }> {
  const today = MIGRATIONS.length;
  const [there] = await connection.exchange([once("select to_regclass('palomar_schema') is not null")]);
  if (there!.rows[0]![0] !== true) return { version: 0, today };
  const [known] = await connection.exchange([once("select coalesce(max(version), 0) from palomar_schema")]);
  return { version: known!.rows[0]![0] as number, today };
}

/** Refuses tables that this program would have to make or change, or that a later version made. */
export async function requireVersion(connection: Connection): Promise<void> {
  const { version, today } = await versionOf(connection);
  if (version === today) return;
  const found = version === 0 ? "the database has no tables yet" : `the database has schema version ${version}`;
  throw new StorageError(
    "unavailable",
    `${found}, this program works with ${today}: start a server that may change tables first (storage.migrate)`,
  );
}

/** Makes or migrates the tables in one transaction. Refuses what a later version made. */
export async function migrate(connection: Connection): Promise<void> {
  try {
    const { version, today } = await versionOf(connection);
    if (version === today) return;
    await connection.exchange([once("begin"), once(LOCK_MIGRATION_SQL)]);
    await migrateWithin(connection);
    await connection.exchange([once("commit")]);
  } catch (error) {
    if (connection.isOpen && connection.isInTransaction) await connection.exchange([once("rollback")]);
    throw error;
  }
}

/** The same within a transaction that holds the lock. */
export async function migrateWithin(connection: Connection): Promise<void> {
  await connection.exchange([once("create table if not exists palomar_schema (version bigint not null)")]);
  const { version, today } = await versionOf(connection);
  if (version > today) {
    throw new StorageError(
      "unavailable",
      `the database has schema version ${version}, this program knows ${today}: start the newer program, or bring back ` +
        "the backup from before the upgrade (palomar restore FOLDER --replace)",
    );
  }
  const steps = MIGRATIONS.slice(version).flatMap((text) => text.split(";")).filter((sql) => sql.trim() !== "");
  await connection.exchange([
    ...steps.map(once),
    once("delete from palomar_schema"),
    once(`insert into palomar_schema values (${today})`),
  ]);
}
