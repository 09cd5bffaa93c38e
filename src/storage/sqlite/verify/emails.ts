/** Emails, and what waits to be sent: that all they refer to is there. */
import type { BlobId } from "../../../contract/mod.ts";
import { accountIdOf, emailIdOf, queueIdOf } from "../../engine/ids.ts";
import { Report, type VerifyEvent } from "./finding.ts";
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
    for (const row of rows as unknown as readonly Row[]) yield* verifyEmail(files, report, row);
    yield report.progress(done += rows.length, Math.max(total, done));
  }
}

function* verifyEmail(files: StoreFiles, report: Report, row: Row): Generator<VerifyEvent> {
  const [id, account, , size, blobSize, prefix, headerEnd, sameHash, octets, bodyStart, isPlaced, owner, blobId] = row;
  const where = `${files.address(account)} email ${emailIdOf(id)}`;
  if (owner === null) return yield report.derivable(where, "its account is not there", { repair: "rows" });
  if (!isPlaced) {
    const repair = { repair: "account", accountId: accountIdOf(account), orphan: emailIdOf(id) } as const;
    yield report.derivable(where, "no mailbox has it; a repair puts it into the mailbox Recovered", repair);
  }
  if (octets === null) return yield report.lost(where, `its octets (${blobId}) are not there`);
  if (sameHash !== 1) yield report.lost(where, "its octets are another message's");
  if (size !== blobSize + prefix || blobSize !== octets) {
    yield report.lost(where, `its size is said to be ${size}, and is ${octets + prefix}`);
  }
  if (headerEnd !== bodyStart) {
    yield report.derivable(where, "the end of its header is wrong", { repair: "blob", blobId });
  }
}

const QUEUE = "select q.id, q.recipient, q.sender, q.state, q.owner, b.id is not null from queue q " +
  "left join blobs b on b.id = q.blob where q.id > ? order by q.id limit ?";
const LAST_STATE = 2;

export function* verifyQueue(files: StoreFiles): Generator<VerifyEvent> {
  const report = new Report("queue");
  const total = files.count("select count(*) from queue");
  let done = 0;
  for (const rows of files.pages(QUEUE, PAGE)) {
    for (const [id, recipient, sender, state, , there] of rows) {
      const where = `queue ${queueIdOf(id as number)}`;
      const advice = `it can never be sent: palomar queue remove ${queueIdOf(id as number)}`;
      if (!there) yield report.lost(where, "its message is not there", advice);
      if (!isObject(recipient as string) || !isObject(sender as string)) {
        yield report.lost(where, "its envelope cannot be read", advice);
      }
      if ((state as number) < 0 || (state as number) > LAST_STATE) {
        yield report.lost(where, "its state is none", advice);
      }
    }
    yield report.progress(done += rows.length, Math.max(total, done));
  }
}

function isObject(text: string): boolean {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
