/** Emails, and what waits to be sent: that all they refer to is there. */
import type { BlobId } from "../../../contract/mod.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { judgeEmail, judgeQueue } from "../../verify/judge.ts";
import type { StoreFiles } from "./source.ts";

const PAGE = 2000;
const EMAILS =
  "select e.id, e.account, e.blob, e.size, e.blob_size, length(e.prefix), e.header_end, e.hash = b.hash, " +
  "b.size, b.header_end, exists (select 1 from members m where m.email = e.id) or exists (select 1 from removed r where r.email = e.id), a.id, 'b' || lower(hex(e.hash)) " +
  "from emails e left join blobs b on b.id = e.blob left join accounts a on a.id = e.account " +
  "where e.id > ? order by e.id limit ?";

type Row = readonly [
  id: number,
  account: number,
  blob: number,
  size: number,
  blobSize: number,
  prefix: number,
  headerEnd: number,
  sameHash: number | null,
  octets: number | null,
  bodyStart: number | null,
  isPlaced: number,
  owner: number | null,
  blobId: BlobId,
];

export function* verifyEmails(files: StoreFiles): Generator<VerifyEvent> {
  const report = new Report("emails");
  const total = files.count("select count(*) from emails");
  let done = 0;
  for (const rows of files.pages(EMAILS, PAGE)) {
    for (const row of rows as unknown as readonly Row[]) {
      const [id, account, , size, blobSize, prefix, headerEnd, sameHash, octets, bodyStart, placed, owner, blobId] =
        row;
      const counts = { id, account, size, blobSize, prefix, headerEnd, octets, bodyStart, blobId };
      const address = files.address(account);
      const is = { sameHash: sameHash === 1, isPlaced: placed !== 0, hasOwner: owner !== null };
      yield* judgeEmail(report, { ...counts, address, ...is });
    }
    yield report.progress(done += rows.length, Math.max(total, done));
  }
}

const QUEUE = "select q.id, q.recipient, q.sender, q.state, q.owner, b.id is not null from queue q " +
  "left join blobs b on b.id = q.blob where q.id > ? order by q.id limit ?";

export function* verifyQueue(files: StoreFiles): Generator<VerifyEvent> {
  const report = new Report("queue");
  const total = files.count("select count(*) from queue");
  let done = 0;
  for (const rows of files.pages(QUEUE, PAGE)) {
    for (
      const [id, recipient, sender, state, , there]
        of rows as readonly (readonly [number, string, string, number, unknown, number])[]
    ) {
      yield* judgeQueue(report, { id, recipient, sender, state, hasBlob: there !== 0 });
    }
    yield report.progress(done += rows.length, Math.max(total, done));
  }
}
