/** Memberships with their emails, and as much of the index of a message as is asked for: one question. */
import { EMPTY } from "../../base/bytes.ts";
import type { BlobId } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import type { JoinedFields, JoinedRow } from "../engine/tables.ts";
import { HEADER_LIMIT } from "../engine/email_read.ts";
import { FRAME, OVERHEAD } from "../packing/mod.ts";
import { type Blobs, hashOf, headContext } from "./blobs.ts";
import { CHUNK } from "./schema.ts";
import type { Cells } from "./wire/statement.ts";

const COLUMNS = "select m.mailbox, m.uid, m.modseq, m.email, m.flags, m.keywords, m.save_date, m.size, e.thread, " +
  "'b' || encode(e.hash, 'hex'), e.blob_size, e.internal_date, e.sent_at, e.header_end, nullif(e.prefix, ''), " +
  "e.created";
const FIRST = 16;

const WANTED = `least(e.header_end, ${HEADER_LIMIT})::int`;
/** Of the packed octets, what the frames with the header take at most. */
const PACKED = `((${WANTED} + ${FRAME - 1}) / ${FRAME} * ${FRAME + OVERHEAD})`;
const CHUNKS = "from chunks c where c.upload = b.place::bigint and c.number";
/**
 * The row's octets; or the header by itself; or the beginning of a large body, whose header ends within its first row
 * where it is not packed.
 */
const HEADER = `case when b.place is null and b.packing is not null then b.data
  when b.place is null then substr(b.data, 1, ${WANTED})
  when b.head is not null then b.head
  when b.packing is null then (select substr(c.data, 1, ${WANTED}) ${CHUNKS} = 0)
  else (select string_agg(substr(c.data, 1, ${PACKED}), '' order by c.number) ${CHUNKS} <= ${PACKED} / ${CHUNK}) end`;

/** The question up to its condition. What is not prepared is read as the index has it. */
export function joinedColumns(fields: JoinedFields): string {
  const prepared = (column: string) => fields.utf8 ? `coalesce(p.${column}_utf8, p.${column})` : `p.${column}`;
  const columns: string[] = [];
  if (fields.envelope) columns.push("b.envelope");
  else if (fields.imapEnvelope) columns.push("case when p.blob is null then b.envelope end");
  if (fields.structure) columns.push("b.structure");
  else if (fields.imapStructure) columns.push("case when p.blob is null then b.structure end");
  if (fields.imapEnvelope) columns.push(prepared("envelope"));
  if (fields.imapStructure) columns.push(prepared("structure"));
  if (fields.header) columns.push("b.packing", HEADER, "b.place is not null and b.head is not null");
  const isPrepared = fields.imapEnvelope || fields.imapStructure;
  const blobs = columns.length > 0 ? " join blobs b on b.id = e.blob" : "";
  const texts = isPrepared ? " left join imap_text p on p.blob = e.blob" : "";
  return `${[COLUMNS, ...columns].join(", ")} from members m join emails e on e.id = m.email${blobs}${texts}`;
}

export function readJoined(cells: Cells, fields: JoinedFields, blobs: Blobs): JoinedRow {
  let at = FIRST;
  const envelope = (fields.envelope || fields.imapEnvelope ? cells[at++] : null) as string | null;
  const structure = (fields.structure || fields.imapStructure ? cells[at++] : null) as string | null;
  const imap = {
    envelope: (fields.imapEnvelope ? cells[at++] : null) as string | null,
    structure: (fields.imapStructure ? cells[at++] : null) as string | null,
  };
  return {
    mailbox: cells[0] as number,
    uid: cells[1] as number,
    modseq: cells[2] as number,
    email: cells[3] as number,
    flags: cells[4] as number,
    keywords: cells[5] as string,
    saveDate: cells[6] as number,
    size: cells[7] as number,
    thread: cells[8] as number,
    blobId: cells[9] as BlobId,
    blobSize: cells[10] as number,
    internalDate: cells[11] as number,
    sentAt: cells[12] as number | null,
    headerEnd: cells[13] as number,
    prefix: cells[14] as Uint8Array | null ?? EMPTY,
    created: cells[15] as number,
    envelope: envelope === null ? null : JSON.parse(envelope),
    structure: structure === null ? null : JSON.parse(structure),
    imap,
    header: fields.header ? headerOf(cells, at, blobs) : null,
  };
}

/** The octets of a packed body in its row, or the header by itself. */
function headerOf(cells: Cells, at: number, blobs: Blobs): Uint8Array {
  const [packing, octets] = [cells[at] as Uint8Array | null, cells[at + 1] as Uint8Array | null ?? EMPTY];
  if (packing === null) return octets;
  const [hash, size] = [hashOf(cells[9] as BlobId), cells[10] as number];
  if (cells[at + 2] === true) return blobs.packing.openCell(headContext(hash), octets, packing);
  return blobs.unpackRow(octets, packing, hash, size, 0, Math.min(cells[13] as number, HEADER_LIMIT));
}

/** Columns size, extra, envelope, structure as the index of a message. */
export function readIndex(cells: Cells): MessageIndex {
  const [size, extra, envelope, structure] = cells as [number, string | null, string, string];
  const [references, truncated] = extra === null ? [[], []] : JSON.parse(extra);
  return { size, envelope: JSON.parse(envelope), root: JSON.parse(structure), references, truncated };
}
