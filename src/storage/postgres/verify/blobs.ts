/** Every body: that its octets have the hash it is named by, and that its index is what would be made of it today. */
import type { BlobId, ImapText } from "../../../contract/mod.ts";
import { MessageIndexer } from "../../../message/mod.ts";
import type { MessageIndex } from "../../../message/model.ts";
import { PlainHash } from "../../packing/mod.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { indexProblem } from "../../verify/judge.ts";
import type { ReadElsewhere } from "../bodies_around.ts";
import { StorageError } from "../../storage.ts";
import { bodyAt } from "../copy/snapshot.ts";
import type { Cells } from "../wire/statement.ts";
import type { Look } from "./look.ts";

/** Rows of up to 64 KiB. */
const PAGE = 64;
/** Octets between two words on progress. */
const STEP = 8 * 1024 * 1024;
const BLOB = "select b.id, b.hash, b.size, b.place, b.data, b.header_end, b.extra, b.envelope, b.structure, " +
  "p.envelope, p.structure, p.envelope_utf8, p.structure_utf8, p.blob is not null, " +
  "exists (select 1 from emails e where e.blob = b.id) or exists (select 1 from queue q where q.blob = b.id) or " +
  "exists (select 1 from objects o where o.kind = 'upload' and o.id = b.id) or " +
  "exists (select 1 from garbage g where g.blob = b.id), coalesce(b.stored, b.size), b.packing from blobs b left join imap_text p on p.blob = b.id ";

/** `prepare` prints what is prepared for IMAP; without it that is not compared. */
export async function* verifyBlobs(
  look: Look,
  prepare: ((index: MessageIndex) => ImapText) | null,
  elsewhere: ReadElsewhere | null,
): AsyncGenerator<VerifyEvent> {
  const report = new Report("blobs");
  const total = await look.count("select coalesce(sum(size), 0)::bigint from blobs");
  let done = 0;
  let told = 0;
  for await (const rows of look.pages(`${BLOB} where b.id > ?i order by b.id limit ?i`, PAGE)) {
    for (const row of rows) {
      yield* verifyBlob(look, report, row, prepare, elsewhere);
      done += row[2] as number;
      if (done - told < STEP) continue;
      told = done;
      yield report.progress(done, Math.max(done, total));
    }
  }
  yield report.progress(done, done);
}

async function* verifyBlob(
  look: Look,
  report: Report,
  row: Cells,
  prepare: ((index: MessageIndex) => ImapText) | null,
  elsewhere: ReadElsewhere | null,
): AsyncGenerator<VerifyEvent> {
  const blobId = "b" + (row[1] as Uint8Array).toHex() as BlobId;
  const looked = await read(look, row, elsewhere);
  if (typeof looked === "string") {
    // It may have gone since its row was read.
    if ((await look.all("select 1 from blobs where id = ?i", row[0] as number)).length === 0) return;
    for (const where of await placesOf(look, row[0] as number, blobId)) {
      yield report.lost(where, `${blobId}: ${looked}`);
    }
    return;
  }
  const [headerEnd, extra, envelope, structure] = row.slice(5) as unknown as [number, string | null, string, string];
  const imap = row[13] === true ? row.slice(9, 13) as (string | null)[] : null;
  const wrong = indexProblem({ headerEnd, extra, envelope, structure, imap }, looked, prepare);
  if (wrong !== null) yield report.derivable(blobId, wrong, { repair: "blob", blobId });
  if (row[14] !== true) {
    yield report.derivable(blobId, "nothing refers to it, and its space is not given back", { repair: "rows" });
  }
}

/** The index of the octets as they are, or what is wrong with them. */
async function read(look: Look, row: Cells, elsewhere: ReadElsewhere | null): Promise<MessageIndex | string> {
  const [, hash, size, place, data] = row as unknown as [number, Uint8Array, number, string | null, Uint8Array | null];
  const [stored, packing] = row.slice(15) as unknown as [number, Uint8Array | null];
  const indexer = new MessageIndexer();
  const sum = new PlainHash(look.packing, packing, hash, size, (plain) => indexer.push(plain));
  let length = 0;
  const take = (piece: Uint8Array) => {
    length += piece.length;
    sum.update(piece);
  };
  if (place === null && data === null) return "its octets are not there";
  try {
    if (data !== null) take(data);
    else {for await (const piece of bodyAt((sql, ...values) => look.all(sql, ...values), place!, stored, elsewhere)) {
        take(piece);
      }}
  } catch (error) {
    // A store of objects that is away for a while has lost nothing.
    if (error instanceof StorageError && error.reason === "unavailable") throw error;
    return `its octets cannot be read: ${(error as Error).message}`;
  }
  if (length !== stored) return "its octets are not whole";
  if (sum.hex() !== hash.toHex()) return "its octets are damaged: their hash is another";
  return indexer.finish();
}

/** Where people miss it: mailboxes, some of them. */
export async function placesOf(look: Look, blob: number, blobId: BlobId): Promise<string[]> {
  const rows = await look.all(
    "select b.account, b.path, m.uid from emails e join members m on m.email = e.id " +
      "join mailboxes b on b.id = m.mailbox where e.blob = ?i order by b.id, m.uid limit 10",
    blob,
  );
  const places: string[] = [];
  for (const [account, path, uid] of rows) {
    places.push(`${await look.address(account as number)}/${path as string} UID ${uid as number}`);
  }
  return places.length > 0 ? places : [blobId];
}
