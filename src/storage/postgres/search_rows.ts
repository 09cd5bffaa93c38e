/** A mailbox as SEARCH, SORT and THREAD see it: each page is a question of its own, so that none keeps a connection. */
import type { BlobId } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import type { JoinedRow, MailboxRow, MemberRow } from "../engine/tables.ts";
import type { OrderSource } from "../order.ts";
import type { Blobs } from "./blobs.ts";
import type { MailTables } from "./mail_tables.ts";
import type { Reads } from "./reads.ts";
import { selection } from "./select.ts";

/** `needsIndex`: of each message whose envelope is read, the index is wanted too. */
export function searchRows(reads: Reads, blobs: Blobs, mailbox: MailboxRow, needsIndex: boolean): OrderSource {
  const ask = <R>(run: (tables: MailTables) => R): Promise<R> => reads.perform(run) as Promise<R>;
  const indexes = new Map<BlobId, MessageIndex>();
  return {
    lastUid: mailbox.uidNext - 1,
    page: (first, last, limit) =>
      ask((tables) => tables.joined(mailbox.id, first, last, limit, { envelope: false, structure: false })),
    members: (first, last, limit): Promise<readonly MemberRow[]> =>
      ask((tables) => tables.members(mailbox.id, first, last, limit)),
    envelopes: async (first, last, limit): Promise<readonly JoinedRow[]> => {
      const rows = await ask((tables) =>
        tables.joined(mailbox.id, first, last, limit, { envelope: true, structure: false })
      );
      if (!needsIndex) return rows;
      indexes.clear();
      const found = await ask((tables) => tables.blobIndexes(rows.map(({ blobId }) => blobId)));
      for (const [blobId, index] of found) indexes.set(blobId, index);
      return rows;
    },
    index: (blobId) => indexes.get(blobId) ?? ask((tables) => tables.blobIndex(blobId)),
    readBlob: (blobId, start, end) => blobs.read(blobId, start, end),
    select: (keys) => {
      const select = selection(mailbox.id, keys);
      return select && ((first, last) => ask((tables) => select(tables.sql, first, last)));
    },
  };
}
