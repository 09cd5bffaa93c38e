/**
 * A look through a whole store: every invariant, every body's hash. It has a connection of its own that writes
 * nothing, so a server may run on the store meanwhile, and in another process it costs that server nothing but disk.
 *
 * Rules:
 * - What belongs together is read at one moment; what is moved or removed meanwhile is no finding.
 * - Pages and pieces: memory does not grow with the store, the index of texts apart (8 octets a message).
 * - It repairs nothing. A finding says what would (`Repair`), and the owner of the store does it.
 */
import type { ImapText } from "../../../contract/mod.ts";
import type { MessageIndex } from "../../../message/model.ts";
import { verifyBlobs } from "./blobs.ts";
import { verifyDatabase } from "./database.ts";
import { verifyDirectory } from "./directory.ts";
import { verifyEmails, verifyQueue } from "./emails.ts";
import type { VerifyEvent } from "../../verify/finding.ts";
import { verifyMailboxes, verifyMembers } from "./mailboxes.ts";
import { StoreFiles } from "./source.ts";
import { verifyTexts } from "./texts.ts";

export { type Finding, PARTS, type Repair, type VerifyEvent, type VerifyPart } from "../../verify/finding.ts";

/** What to look at. */
export interface VerifyOptions {
  /** The folder of a store or of a backup. */
  readonly dataDir: string;
  /** Leaves out what reads every message: hashes, indexes, the index of texts. */
  readonly quick?: boolean;
  /** As the store was opened with; what is prepared for IMAP is compared with what it makes. */
  readonly prepare?: (index: MessageIndex) => ImapText;
  /** Where bodies are encrypted: the keys, as `SqliteOptions.packing` has them. */
  readonly keys?: readonly Uint8Array[];
}

/** Looks through a store; each step takes some milliseconds. Throws `StorageError` where it cannot be opened. */
export function* verifyStore(options: VerifyOptions): Generator<VerifyEvent, void> {
  const files = new StoreFiles(options.dataDir, options.keys);
  try {
    yield* verifyDatabase(files);
    yield* verifyDirectory(files);
    yield* verifyMailboxes(files);
    yield* verifyMembers(files);
    yield* verifyEmails(files);
    yield* verifyQueue(files);
    if (options.quick) return;
    yield* verifyBlobs(files, options.prepare ?? null);
    yield* verifyTexts(files);
  } finally {
    files.close();
  }
}
