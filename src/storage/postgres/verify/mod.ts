/**
 * A look through a whole database: every invariant that the look through a folder of SQLite has, and every body's hash.
 * Servers may run on it meanwhile: nothing is locked, and no snapshot is held for longer than a page.
 *
 * Rules:
 * - What belongs together is read at one moment; what is removed meanwhile is no finding.
 * - Pages and pieces: memory does not grow with the store.
 * - It repairs nothing. A finding says what would (`Repair`), and a server's store does it (`mend.ts`).
 */
import type { ImapText } from "../../../contract/mod.ts";
import type { MessageIndex } from "../../../message/model.ts";
import type { VerifyEvent } from "../../verify/finding.ts";
import type { OpenBodies } from "../../body_store.ts";
import { openElsewhere } from "../bodies_around.ts";
import { infrastructure } from "../failure.ts";
import { placesOf, verifyBlobs } from "./blobs.ts";
import { verifyDatabase } from "./database.ts";
import { verifyDirectory } from "./directory.ts";
import { verifyEmails, verifyQueue } from "./emails.ts";
import { Look } from "./look.ts";
import { verifyMailboxes, verifyMembers } from "./mailboxes.ts";
import { verifyPlaces } from "./places.ts";

/** What to look at. */
export interface VerifyPostgresOptions {
  readonly url: string;
  /** Leaves out what reads every message: hashes and indexes. */
  readonly quick?: boolean;
  /** As the store was opened with; what is prepared for IMAP is compared with what it makes. */
  readonly prepare?: (index: MessageIndex) => ImapText;
  /** Where large bodies are kept instead of in rows, as the store was opened with. */
  readonly bodies?: OpenBodies;
  /** Where bodies are encrypted: the keys. */
  readonly keys?: readonly Uint8Array[];
}

/** Looks through a store. Throws `StorageError` where it cannot be reached. */
export async function* verifyPostgres(options: VerifyPostgresOptions): AsyncGenerator<VerifyEvent, void> {
  const look = await Look.open(options.url, options.keys);
  let elsewhere: Awaited<ReturnType<typeof openElsewhere>> = null;
  try {
    elsewhere = await openElsewhere(options.url, options.bodies);
    yield* verifyDatabase(look);
    yield* verifyDirectory(look);
    yield* verifyMailboxes(look);
    yield* verifyMembers(look);
    yield* verifyEmails(look);
    yield* verifyQueue(look);
    if (options.quick && elsewhere) {
      yield* verifyPlaces(look, elsewhere.sizes, (blob, blobId) => placesOf(look, blob, blobId));
    }
    if (!options.quick) yield* verifyBlobs(look, options.prepare ?? null, elsewhere?.read ?? null);
  } catch (error) {
    throw infrastructure(error);
  } finally {
    look.close();
    await elsewhere?.close();
  }
}
