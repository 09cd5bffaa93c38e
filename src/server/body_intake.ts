import { MessageIndexer } from "../message/mod.ts";
import type { BodyIntake } from "../http/deps.ts";
import type { SealedBlob, Storage } from "../storage/storage.ts";

/** One body on its way into the store, with its index. */
export function bodyIntake(storage: Storage): BodyIntake {
  const writer = storage.createBlob();
  const indexer = new MessageIndexer();
  let sealed: SealedBlob | null = null;
  return {
    write(chunk) {
      indexer.push(chunk);
      return writer.write(chunk);
    },
    async seal() {
      sealed = await writer.seal(indexer.finish());
      return { blobId: sealed.blobId, size: sealed.size };
    },
    close() {
      if (sealed) sealed.release();
      else writer.abort();
    },
  };
}
