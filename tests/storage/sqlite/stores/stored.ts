/**
 * Stores as released versions made them, each one file: `version-N.json.gz`, with the files of the data folder and what
 * was seen in it then. `released_test.ts` opens them all and must see the same.
 *
 * At a release whose tables are new: `deno run -A tests/storage/sqlite/stores/make.ts`, and add the file that it made.
 * A file that is there is never made again: it is what people have.
 */
import { DatabaseSync } from "node:sqlite";
import { Scene } from "../../scene.ts";

/** A store in one file. */
export interface StoredStore {
  readonly version: number;
  /** Base64, by name. */
  readonly files: Readonly<Record<string, string>>;
  readonly seen: unknown;
}

/** Where they are. */
export const FOLDER: string = import.meta.dirname!;

/** The folder of a closed store, as one file. */
export async function pack(dataDir: string, seen: unknown): Promise<{ version: number; octets: Uint8Array }> {
  const db = new DatabaseSync(`${dataDir}/palomar.db`);
  const { user_version: version } = db.prepare("pragma user_version").get() as { user_version: number };
  db.exec("vacuum; pragma wal_checkpoint(truncate)");
  db.close();
  const segments = [...Deno.readDirSync(`${dataDir}/blobs`)].map(({ name }) => `blobs/${name}`).sort();
  const files: Record<string, string> = {};
  for (const name of ["palomar.db", ...segments]) files[name] = Deno.readFileSync(`${dataDir}/${name}`).toBase64();
  const text = JSON.stringify({ version, files, seen } satisfies StoredStore);
  return { version, octets: await through(new TextEncoder().encode(text), new CompressionStream("gzip")) };
}

/** Makes the folder again. */
export async function unpack(octets: Uint8Array, dataDir: string): Promise<StoredStore> {
  const text = await through(octets, new DecompressionStream("gzip"));
  const stored = JSON.parse(new TextDecoder().decode(text)) as StoredStore;
  Deno.mkdirSync(`${dataDir}/blobs`, { recursive: true });
  for (const [name, content] of Object.entries(stored.files)) {
    Deno.writeFileSync(`${dataDir}/${name}`, Uint8Array.fromBase64(content));
  }
  return stored;
}

async function through(octets: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const source = new Blob([octets as BlobPart]).stream();
  return new Uint8Array(await new Response(source.pipeThrough(stream)).arrayBuffer());
}

/** What a person would miss, by operations and fields that every version has. */
export async function look(s: Scene): Promise<unknown> {
  const accounts = [];
  for (const { accountId, address, quota, usage } of await s.ask("account.list", {})) {
    const mailboxes = [];
    for (const { mailboxId, path, role, uidValidity, uidNext } of await s.ask("mailbox.list", { accountId })) {
      const messages = [];
      for (const { uid, flags, internalDate, blobId } of await s.rows(accountId, mailboxId)) {
        const body = await s.whole(blobId);
        messages.push([
          uid,
          [...flags].sort(),
          internalDate,
          body.length,
          new TextDecoder().decode(body.subarray(0, 60)),
        ]);
      }
      mailboxes.push({ path, role, uidValidity, uidNext, messages });
    }
    const scripts = await s.ask("sieve.list", { address });
    const removed = await s.ask("removed.list", { accountId, path: null, since: 0, after: null, limit: 9 });
    accounts.push({
      address,
      quota,
      usage,
      mailboxes,
      scripts: "refused" in scripts ? null : scripts.map(({ name }) => name),
      removed: removed.rows.map(({ path, uid }) => [path, uid]),
    });
  }
  const domains = (await s.ask("domain.list", {})).map(({ name }) => name);
  const aliases = (await s.ask("alias.list", {})).map(({ address, targets }) => [address, targets]);
  const jobs = await s.ask("queue.next", {});
  // As it is written: what is not there is null.
  return JSON.parse(JSON.stringify({ domains, aliases, accounts, nextDue: jobs }));
}
