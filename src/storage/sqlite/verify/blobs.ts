/** Every body: that its octets have the hash it is named by, and that its index is what would be made of it today. */
import { hasher } from "../../../base/hash.ts";
import type { BlobId, ImapText } from "../../../contract/mod.ts";
import { MessageIndexer } from "../../../message/mod.ts";
import type { MessageIndex } from "../../../message/model.ts";
import { STORED } from "../blobs.ts";
import { MAGIC, RECORD_HEADER } from "../segments.ts";
import type { Cells } from "../statements.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { indexProblem } from "../../verify/judge.ts";
import type { StoreFiles } from "./source.ts";

const PAGE = 200;
const PIECE = 256 * 1024;
/** Octets between two words on progress. */
const STEP = 8 * 1024 * 1024;
const BLOB = "select b.id, b.hash, b.size, b.segment, b.start, b.header_end, b.extra, b.envelope, b.structure, " +
  "p.envelope, p.structure, p.envelope_utf8, p.structure_utf8, " +
  "exists (select 1 from emails e where e.blob = b.id) or exists (select 1 from queue q where q.blob = b.id) or " +
  "exists (select 1 from objects o where o.kind = 'upload' and o.id = b.id) or " +
  "exists (select 1 from garbage g where g.blob = b.id), coalesce(b.stored, b.size), b.packing " +
  "from blobs b left join imap_text p on p.blob = b.id ";

/** `prepare` prints what is prepared for IMAP; without it that is not compared. */
export function* verifyBlobs(
  files: StoreFiles,
  prepare: ((index: MessageIndex) => ImapText) | null,
): Generator<VerifyEvent> {
  const report = new Report("blobs");
  yield* verifyPlaces(files, report);
  const total = files.count("select sum(size) from blobs");
  let done = 0;
  let told = 0;
  for (const rows of files.pages(`${BLOB} where b.id > ? order by b.id limit ?`, PAGE)) {
    for (const row of rows) {
      yield* verifyBlob(files, report, row, prepare);
      done += row[2] as number;
      if (done - told < STEP) continue;
      told = done;
      yield report.progress(done, Math.max(done, total));
    }
    files.forgetSegments();
  }
  yield report.progress(done, done);
}

/** No two bodies lie over each other, and none beyond the end of its file. */
function* verifyPlaces(files: StoreFiles, report: Report): Generator<VerifyEvent> {
  const segments = files.sql.all(
    `select segment, max(start + ${STORED}) from blobs where segment is not null group by segment`,
  );
  for (const [segment, end] of segments as unknown as readonly (readonly [number, number])[]) {
    const sql =
      `select count(*) from (select start, lag(start + ${STORED}) over (order by start) as before from blobs ` +
      `where segment = ?) where before > start - ${RECORD_HEADER}`;
    const overlaps = files.sql.get(sql, segment)![0] as number;
    if (overlaps > 0) yield report.lost(`segment ${segment}`, `${overlaps} bodies lie over others`);
    const size = files.segmentSize(segment);
    if (size >= end || !files.sql.get("select 1 from blobs where segment = ? limit 1", segment)) continue;
    yield report.lost(
      `segment ${segment}`,
      size === 0 ? "its file is not there" : `its file ends ${end - size} octets early`,
    );
  }
}

function* verifyBlob(
  files: StoreFiles,
  report: Report,
  row: Cells,
  prepare: ((index: MessageIndex) => ImapText) | null,
): Generator<VerifyEvent> {
  const blobId = "b" + (row[1] as Uint8Array).toHex() as BlobId;
  let looked = look(files, row);
  // It may have moved to another segment, or gone, since its row was read.
  for (let attempt = 0; typeof looked === "string" && attempt < 2; attempt++) {
    const again = files.sql.get(`${BLOB} where b.id = ?`, row[0] as number);
    if (!again) return;
    row = again;
    files.forgetSegments();
    looked = look(files, row);
  }
  if (typeof looked === "string") {
    for (const where of placesOf(files, row[0] as number, blobId)) yield report.lost(where, `${blobId}: ${looked}`);
    return;
  }
  const [headerEnd, extra, envelope, structure] = row.slice(5) as [number, string | null, string, string];
  const imap = row[9] === null ? null : row.slice(9, 13) as (string | null)[];
  const wrong = indexProblem({ headerEnd, extra, envelope, structure, imap }, looked, prepare);
  if (wrong !== null) yield report.derivable(blobId, wrong, { repair: "blob", blobId });
  if (!row[13]) {
    yield report.derivable(blobId, "nothing refers to it, and its space is not given back", { repair: "rows" });
  }
}

/** The index of the octets as they are, or what is wrong with them. */
function look(files: StoreFiles, row: Cells): MessageIndex | string {
  const [id, hash, size, segment, start] = row as unknown as [number, Uint8Array, number, number | null, number];
  const [stored, packing] = row.slice(14) as [number, Uint8Array | null];
  const indexer = new MessageIndexer();
  const sum = hasher("sha256");
  const data = files.sql.get("select length(data) from blobs where id = ?", id)?.[0] as number | null | undefined;
  if (data === undefined) return "its row is gone";
  try {
    if (data === null && segment !== null) {
      const head = files.readSegment(segment, start - RECORD_HEADER, RECORD_HEADER);
      if (!isHeader(head, stored, hash)) return "the head of its record is damaged";
    } else if (data !== stored) return "its octets are not whole";
    const body = { id, hash, size, segment: data === null ? segment : null, start, packing };
    for (let at = 0; at < size; at += PIECE) {
      const length = Math.min(PIECE, size - at);
      const piece = files.readBody(body, at, at + length);
      if (piece.length < length) return "its octets are not whole";
      sum.update(piece);
      indexer.push(piece);
    }
  } catch (error) {
    return `its octets cannot be read: ${(error as Error).message}`;
  }
  if (sum.digest().toHex() !== hash.toHex()) return "its octets are damaged: their hash is another";
  return indexer.finish();
}

function isHeader(head: Uint8Array, stored: number, hash: Uint8Array): boolean {
  if (head.length < RECORD_HEADER) return false;
  const view = new DataView(head.buffer, head.byteOffset);
  return view.getUint32(0) === MAGIC && view.getFloat64(8) === stored &&
    head.subarray(16, 48).toHex() === hash.toHex();
}

/** Where people miss it: mailboxes and rows of the queue, some of them. */
function placesOf(files: StoreFiles, blob: number, blobId: BlobId): string[] {
  const rows = files.sql.all(
    "select b.account, b.path, m.uid from emails e join members m on m.email = e.id " +
      "join mailboxes b on b.id = m.mailbox where e.blob = ? limit 10",
    blob,
  );
  const places = rows.map(([account, path, uid]) => `${files.address(account as number)}/${path as string} UID ${uid}`);
  return places.length > 0 ? places : [blobId];
}
