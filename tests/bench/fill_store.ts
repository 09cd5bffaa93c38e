/**
 * Stores with more mail than a benchmark could deliver. A thousand messages go in as any do; the rest are rows made of
 * theirs by SQL, with numbers, modseqs and counters of their own. They are called indexed, so that the index of texts
 * does not work meanwhile.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { Secret } from "../../src/base/secret.ts";
import type { AccountId } from "../../src/contract/mod.ts";
import { imapText } from "../../src/imap/mod.ts";
import { indexMessage } from "../../src/message/mod.ts";
import { makeCredentials, TEST_COST } from "../../src/server/credentials.ts";
import type { SealedBlob, Storage } from "../../src/storage/storage.ts";
import { openSqlite } from "../../src/storage/sqlite/mod.ts";
import { DOMAIN, PASSWORD } from "./peers/peer.ts";

/** Messages that are real. */
export const TEMPLATES = 1_000;
/** Octets of a body that is in the segment log. */
const LARGE = 64 * 1024;
const SEGMENT_BODIES = 1_000;

/** Where copies of the real messages go. */
interface Target {
  readonly account: number;
  readonly mailbox: number;
}

/** Accounts u1 … uN, the first `filled` of which have a thousand messages in INBOX. */
export async function makeAccounts(dataDir: string, accounts: number, filled: number): Promise<void> {
  const store = await openSqlite({ dataDir, prepare: imapText });
  const now = Date.now();
  await store.perform("domain.add", { name: DOMAIN, now });
  const credentials = await makeCredentials(new Secret(PASSWORD), TEST_COST);
  if ("refused" in credentials) throw new Error(credentials.text);
  const ids: AccountId[] = [];
  for (let from = 1; from <= accounts; from += 200) {
    const some = Array.from({ length: Math.min(200, accounts + 1 - from) }, (_, i) => from + i);
    const made = await Promise.all(some.map((n) => {
      const quota = { bytes: null, messages: null };
      return store.perform("account.add", { address: `u${n}@${DOMAIN}`, name: `User ${n}`, quota, credentials, now });
    }));
    for (const one of made) if ("accountId" in one) ids.push(one.accountId);
  }
  const blobs = await sealed(store);
  for (const accountId of ids.slice(0, filled)) {
    const messages = blobs.map(({ blobId }, i) => ({
      blobId,
      flags: i % 20 === 0 ? [] : ["\\Seen"],
      internalDate: now - (TEMPLATES - i) * 60_000,
    }));
    for (let at = 0; at < TEMPLATES; at += 100) {
      await store.perform("email.append", { accountId, path: "INBOX", messages: messages.slice(at, at + 100), now });
    }
  }
  for (const blob of blobs) blob.release();
  await store.settleIndex();
  await store.close();
}

function sealed(store: Storage): Promise<SealedBlob[]> {
  return Promise.all(Array.from({ length: TEMPLATES }, async (_, n) => {
    const bytes = utf8Bytes(
      `From: Person ${n % 50} <p${n % 50}@there.example>\r\nTo: <u1@${DOMAIN}>\r\nSubject: About matter ${n}\r\n` +
        `Date: Tue, 1 Sep 2026 10:${String(n % 60).padStart(2, "0")}:00 +0000\r\nMessage-ID: <${n}@there.example>\r\n` +
        `\r\n${`Line of text number ${n}, as people write them.\r\n`.repeat(8)}`,
    );
    const writer = store.createBlob();
    await writer.write(bytes);
    return await writer.seal(indexMessage(bytes));
  }));
}

/** Fills the INBOX of account `number` up to so many messages. */
export function fillMailbox(dataDir: string, number: number, messages: number): void {
  bulk(dataDir, (db) => {
    const target = inboxes(db).find(({ account }) => account === number)!;
    const copies = messages / TEMPLATES - 1;
    for (let from = 0; from < copies; from += 100) {
      copy(db, Array.from({ length: Math.min(100, copies - from) }, () => target), 0);
    }
  });
}

/** Gives every account that has none a thousand messages; `large` of them have bodies of their own in the segment log. */
export function fillAccounts(dataDir: string, large: number): void {
  bulk(dataDir, (db) => {
    const empty = inboxes(db).slice(1);
    for (let from = 0; from < empty.length; from += 100) copy(db, empty.slice(from, from + 100), large);
  });
  Deno.mkdirSync(join(dataDir, "blobs"), { recursive: true });
  const db = new DatabaseSync(join(dataDir, "palomar.db"));
  const ends = db.prepare("select segment, max(start) from blobs where segment is not null group by segment");
  for (const row of ends.all()) {
    const [segment, start] = Object.values(row) as [number, number];
    const name = join(dataDir, "blobs", segment.toString(36).padStart(8, "0") + ".seg");
    Deno.writeFileSync(name, new Uint8Array(0));
    Deno.truncateSync(name, start + LARGE); // holes: the octets are never asked for
  }
  db.close();
}

function inboxes(db: DatabaseSync): Target[] {
  return db.prepare("select account, id as mailbox from mailboxes where path = 'INBOX' order by account").all()
    .map((row) => ({ account: row.account as number, mailbox: row.mailbox as number }));
}

/** Nothing of it needs to survive a crash: whoever is cut off begins anew. */
function bulk(dataDir: string, fill: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(join(dataDir, "palomar.db"));
  db.exec("pragma journal_mode = delete; pragma journal_mode = off; pragma synchronous = off;");
  db.exec("pragma cache_size = -1000000; pragma temp_store = memory");
  const byBlob = db.prepare("select sql from sqlite_master where name = 'emails_blob'").get()!.sql as string;
  db.exec(`drop index emails_blob; ${TEMPLATE}`);
  fill(db);
  db.exec(`${byBlob}; ${COUNTERS}; pragma journal_mode = wal`);
  const last = db.prepare("select max(id) as last from emails").get()!.last as number;
  db.close();
  const catalog = new DatabaseSync(join(dataDir, "index", "catalog.db"));
  catalog.prepare("insert or replace into state values ('cursor', ?)").run(last);
  catalog.close();
}

/** The real messages of the first account, numbered. */
const TEMPLATE = `create temp table template as select row_number() over (order by m.uid) as i, m.flags, m.keywords,
    m.save_date, m.size, e.blob, e.hash, e.blob_size, e.internal_date, e.sent_at, e.header_end, e.prefix,
    b.envelope, b.structure
  from mailboxes x join members m on m.mailbox = x.id join emails e on e.id = m.email join blobs b on b.id = e.blob
  where x.path = 'INBOX' and x.account = (select min(account) from mailboxes) order by m.uid;
  create temp table target (k integer primary key, account integer, mailbox integer, uid integer, email integer, blob integer)`;

/** Copies of the real messages, for each target one after the other. */
function copy(db: DatabaseSync, targets: readonly Target[], large: number): void {
  const { email } = db.prepare("select max(id) as email from emails").get() as { email: number };
  const { blob } = db.prepare("select max(id) as blob from blobs").get() as { blob: number };
  const uidOf = new Map<number, number>();
  const top = db.prepare("select coalesce(max(uid), 0) as uid from members where mailbox = ?");
  const insert = db.prepare("insert into target values (?, ?, ?, ?, ?, ?)");
  db.exec("begin; delete from target");
  targets.forEach(({ account, mailbox }, k) => {
    const uid = uidOf.get(mailbox) ?? top.get(mailbox)!.uid as number;
    uidOf.set(mailbox, uid + TEMPLATES);
    insert.run(k, account, mailbox, uid, email + k * TEMPLATES, blob + k * large);
  });
  const each = large > 0 ? TEMPLATES / large : TEMPLATES + 1;
  const isOwn = `t.i % ${each} = 0`;
  const ownBlob = `g.blob + t.i / ${each}`;
  if (large > 0) {
    const at = `(${ownBlob} - 1)`;
    db.exec(`insert into blobs (id, hash, size, segment, start, header_end, extra, envelope, structure, data)
      select ${ownBlob}, randomblob(32), ${LARGE}, 1 + ${at} / ${SEGMENT_BODIES},
        48 + ${at} % ${SEGMENT_BODIES} * ${LARGE + 48}, t.header_end, null, t.envelope, t.structure, null
      from target g cross join template t where ${isOwn} order by 1`);
  }
  db.exec(`insert into emails (id, account, thread, blob, hash, blob_size, size, internal_date, sent_at, header_end,
      prefix, created) select g.email + t.i, g.account, g.email + t.i, iif(${isOwn}, ${ownBlob}, t.blob),
      iif(${isOwn}, (select hash from blobs where id = ${ownBlob}), t.hash), iif(${isOwn}, ${LARGE}, t.blob_size),
      iif(${isOwn}, ${LARGE}, t.size), t.internal_date, t.sent_at, t.header_end, t.prefix, g.uid + t.i
    from target g cross join template t order by g.k, t.i`);
  db.exec(`insert into members (mailbox, uid, modseq, email, flags, keywords, save_date, size)
    select g.mailbox, g.uid + t.i, g.uid + t.i, g.email + t.i, iif(g.uid = 0, t.flags, 1),
      t.keywords, t.save_date, iif(${isOwn}, ${LARGE}, t.size)
    from target g cross join template t order by g.mailbox, g.uid, t.i`);
  db.exec(`insert into threads (account, key, thread) select g.account, (g.email + t.i) * 400000, g.email + t.i
    from target g cross join template t order by g.account, g.email, t.i`);
  db.exec("commit");
}

/** What rows must agree with, for all mailboxes. */
const COUNTERS = `
  create temp table counted as select mailbox, max(uid) as uid, max(modseq) as modseq, count(*) as messages,
    sum(not flags & 1) as unseen, sum(size) as size from members group by mailbox;
  update mailboxes set uid_next = c.uid + 1, modseq = max(mailboxes.modseq, c.modseq), messages = c.messages,
    unseen = c.unseen, size = c.size from counted c where c.mailbox = mailboxes.id;
  update accounts set used_messages = c.messages, used_bytes = c.size, modseq = max(accounts.modseq, c.modseq)
    from (select m.account, sum(c.messages) as messages, sum(c.size) as size, max(c.modseq) as modseq
      from counted c join mailboxes m on m.id = c.mailbox group by m.account) c where c.account = accounts.id;
  insert or replace into sequences select 'email', max(id) from emails`;
