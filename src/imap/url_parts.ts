/** The octets that an IMAP URL names, as parts of a body that is put together or sent: without being read here. */
import { latin1Bytes } from "../base/bytes.ts";
import {
  type AccountId,
  ask,
  type BodyPart,
  type EmailRow,
  type MailboxId,
  type Program,
  type Uid,
} from "../contract/mod.ts";
import { octets } from "./fetch_row.ts";
import { extentOf, selectFields } from "./section.ts";
import type { ImapUrl } from "./wire/imap_url.ts";

const HEADER_LIMIT = 262144; // what one read gives

/** Null: there is no such message or part. */
export function* urlParts(accountId: AccountId, mailboxId: MailboxId, url: ImapUrl): Program<BodyPart[] | null> {
  const row = yield* urlRow(accountId, mailboxId, url);
  return row && (yield* rowParts(accountId, row, url));
}

/** The message of a URL with its structure and header, or null. */
export function* urlRow(accountId: AccountId, mailboxId: MailboxId, url: ImapUrl): Program<EmailRow | null> {
  const ranges = [{ first: url.uid as Uid, last: url.uid as Uid }];
  const fields = ["structure", "header"] as const;
  const { rows } = yield* ask("email.read", { accountId, mailboxId, ranges, fields, limit: 1 });
  return rows[0] ?? null;
}

/** What of the message the URL names; null: there is no such part. */
export function* rowParts(accountId: AccountId, row: EmailRow, url: ImapUrl): Program<BodyPart[] | null> {
  const { text } = url.section;
  if (text === "fields" || text === "fieldsNot") return yield* fieldsPart(accountId, row, url);
  const found = octets(row, url.section);
  if (found === null) return null;
  const parts: BodyPart[] = found.prefix === "" ? [] : [{ octets: latin1Bytes(found.prefix) }];
  if (found.end > found.start) parts.push({ blobId: row.blobId, start: found.start, end: found.end });
  return parts;
}

function* fieldsPart(accountId: AccountId, row: EmailRow, { section }: ImapUrl): Program<BodyPart[] | null> {
  let header = row.header!;
  if (section.path.length > 0) {
    const extent = extentOf(section, row.structure!, row.blobSize);
    if (extent === null) return null;
    const end = Math.min(extent.end, extent.start + HEADER_LIMIT);
    header = yield* ask("blob.read", { accountId, blobId: row.blobId, start: extent.start, end });
  }
  const text = selectFields(header, section.fields, section.text === "fieldsNot");
  const { offset, count } = section.partial ?? { offset: 0, count: text.length };
  return [{ octets: latin1Bytes(text.slice(offset, offset + count)) }];
}

/** How many octets these are. */
export function sizeOf(parts: readonly BodyPart[]): number {
  return parts.reduce((sum, part) => sum + ("octets" in part ? part.octets.length : part.end - part.start), 0);
}
