/** Messages of a backup, one by one. */
import { join } from "node:path";
import { StorageError } from "../../storage.ts";
import { printFlags } from "../../engine/flags.ts";
import { MIGRATIONS, openDatabase } from "../schema.ts";
import { type BodyRow, StoreFiles } from "../verify/source.ts";
import { type BackupAccount, readAccount } from "./read_account.ts";
import { readManifest } from "./mod.ts";

const PIECE = 256 * 1024;
const MESSAGES = "select m.uid, m.flags, m.keywords, e.internal_date, e.prefix, b.id, b.size, b.segment, b.start, " +
  "b.envelope, b.hash, b.packing from members m join emails e on e.id = m.email join blobs b on b.id = e.blob " +
  "where m.mailbox = ? and m.uid > ? order by m.uid limit 100";

/** A message of a backup. */
export interface BackupMessage {
  readonly path: string;
  readonly uid: number;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly prefix: Uint8Array;
  readonly size: number;
  readonly messageId: string | null;
  /** Octets of the blob, in pieces. */
  octets(): Generator<Uint8Array>;
}

/** A backup, open for reading. */
export interface OpenBackup {
  /** Mailboxes of an account, or null: it is not in the backup. */
  mailboxes(address: string): readonly string[] | null;
  messages(address: string, path: string): Generator<BackupMessage>;
  /** The account without its mail, or null: it is not in the backup. */
  account(address: string): BackupAccount | null;
  close(): void;
}

/** Opens it; one of an older version is brought up to date in a copy of its database. Throws `StorageError`. */
export function openBackup(folder: string, keys: readonly Uint8Array[] = []): OpenBackup {
  const manifest = readManifest(folder);
  let copy: string | null = null;
  if (manifest.schema < MIGRATIONS.length) {
    copy = Deno.makeTempDirSync({ prefix: "palomar-backup-" });
    Deno.copyFileSync(join(folder, "palomar.db"), join(copy, "palomar.db"));
    openDatabase(join(copy, "palomar.db")).close();
    Deno.symlinkSync(join(folder, "blobs"), join(copy, "blobs"));
  }
  const files = openFiles(copy ?? folder, keys, copy);
  const account = (address: string): number | null =>
    files.sql.get("select id from accounts where address = ?", address)?.[0] as number | undefined ?? null;
  return {
    mailboxes(address) {
      const id = account(address);
      if (id === null) return null;
      const rows = files.sql.all("select path from mailboxes where account = ? order by path", id);
      return rows.map(([path]) => path as string);
    },
    account(address) {
      const id = account(address);
      return id === null ? null : readAccount(files.sql, id);
    },
    messages: (address, path) => messages(files, account(address) ?? 0, path),
    close() {
      files.close();
      if (copy !== null) Deno.removeSync(copy, { recursive: true });
    },
  };
}

function openFiles(folder: string, keys: readonly Uint8Array[], copy: string | null): StoreFiles {
  try {
    return new StoreFiles(folder, keys);
  } catch (error) {
    if (copy !== null) Deno.removeSync(copy, { recursive: true });
    throw error;
  }
}

function* messages(files: StoreFiles, account: number, path: string): Generator<BackupMessage> {
  const found = files.sql.get("select id from mailboxes where account = ? and path = ?", account, path);
  if (!found) return;
  for (let last = 0;;) {
    const rows = files.sql.all(MESSAGES, found[0] as number, last);
    for (const cells of rows) {
      last = cells[0] as number;
      const [id, size, segment, start] = cells.slice(5, 9) as [number, number, number | null, number | null];
      const [hash, packing] = cells.slice(10) as [Uint8Array, Uint8Array | null];
      yield {
        path,
        uid: last,
        flags: printFlags(cells[1] as number, cells[2] as string),
        internalDate: cells[3] as number,
        prefix: cells[4] as Uint8Array,
        size,
        messageId: messageIdOf(cells[9] as string),
        octets: () => octets(files, { id, hash, size, segment, start, packing }),
      };
    }
    if (rows.length < 100) return;
  }
}

function* octets(files: StoreFiles, body: BodyRow): Generator<Uint8Array> {
  for (let at = 0; at < body.size;) {
    const piece = files.readBody(body, at, Math.min(body.size, at + PIECE));
    if (piece.length === 0) throw new StorageError("bug", "the message is not whole in the backup");
    yield piece;
    at += piece.length;
  }
}

function messageIdOf(envelope: string): string | null {
  try {
    return (JSON.parse(envelope) as { messageId?: string | null }).messageId ?? null;
  } catch {
    return null;
  }
}
