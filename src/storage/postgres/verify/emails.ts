/** Emails, and what waits to be sent: that all they refer to is there. */
import type { BlobId } from "../../../contract/mod.ts";
import { Report, type VerifyEvent } from "../../verify/finding.ts";
import { judgeEmail, judgeQueue } from "../../verify/judge.ts";
import type { Look } from "./look.ts";

const PAGE = 2000;
const EMAILS = "select e.id, e.account, e.size, e.blob_size, length(e.prefix)::bigint, e.header_end, " +
  "coalesce(e.hash = b.hash, false), b.size, b.header_end, exists (select 1 from members m where m.email = e.id) or " +
  "exists (select 1 from removed r where r.email = e.id), a.id is not null, 'b' || encode(e.hash, 'hex') " +
  "from emails e left join blobs b on b.id = e.blob left join accounts a on a.id = e.account " +
  "where e.id > ?i order by e.id limit ?i";
const QUEUE = "select q.id, q.recipient, q.sender, q.state, b.id is not null from queue q " +
  "left join blobs b on b.id = q.blob where q.id > ?i order by q.id limit ?i";

export async function* verifyEmails(look: Look): AsyncGenerator<VerifyEvent> {
  const report = new Report("emails");
  const total = await look.count("select count(*) from emails");
  let done = 0;
  for await (const rows of look.pages(EMAILS, PAGE)) {
    for (const row of rows) {
      const [id, account, size, blobSize, prefix, headerEnd] = row as unknown as readonly number[];
      yield* judgeEmail(report, {
        id: id!,
        account: account!,
        address: await look.address(account!),
        size: size!,
        blobSize: blobSize!,
        prefix: prefix!,
        headerEnd: headerEnd!,
        sameHash: row[6] as boolean,
        octets: row[7] as number | null,
        bodyStart: row[8] as number | null,
        isPlaced: row[9] as boolean,
        hasOwner: row[10] as boolean,
        blobId: row[11] as BlobId,
      });
    }
    yield report.progress(done += rows.length, Math.max(total, done));
  }
}

export async function* verifyQueue(look: Look): AsyncGenerator<VerifyEvent> {
  const report = new Report("queue");
  const total = await look.count("select count(*) from queue");
  let done = 0;
  for await (const rows of look.pages(QUEUE, PAGE)) {
    for (const row of rows as readonly (readonly [number, string, string, number, boolean])[]) {
      const [id, recipient, sender, state, hasBlob] = row;
      yield* judgeQueue(report, { id, recipient, sender, state, hasBlob });
    }
    yield report.progress(done += rows.length, Math.max(total, done));
  }
}
