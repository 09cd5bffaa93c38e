/** Makes a stored message 7-bit: a second body beside the first, for as long as it is being sent. */
import { concatBytes } from "../../base/bytes.ts";
import type { BlobId } from "../../contract/mod.ts";
import { encodingField, MessageIndexer, SevenBitEncoder, type SevenBitStep, sevenBitSteps } from "../../message/mod.ts";
import type { BlobWriter, SealedBlob, Storage } from "../../storage/storage.ts";

const PAGE = 128 * 1024;
const HEADER_LIMIT = 1024 * 1024; // octets of one header; a larger one is left as it is, and must be 7-bit

/** 8-bit text where there can be none. */
class NotConvertible extends Error {}

/** The converted message, which the caller releases; null: it cannot be converted. Rejects where the store fails. */
export async function sevenBit(blobId: BlobId, storage: Storage): Promise<SealedBlob | null> {
  const index = await storage.perform("blob.index", { blobId });
  const steps = index === null ? null : sevenBitSteps(index);
  if (steps === null) return null;
  const writer = storage.createBlob();
  const copy = new Copy(blobId, storage, writer);
  try {
    for (const step of steps) await copy.step(step);
    return await writer.seal(copy.indexer.finish());
  } catch (error) {
    writer.abort();
    if (error instanceof NotConvertible) return null;
    throw error;
  }
}

class Copy {
  readonly indexer = new MessageIndexer();
  readonly #blobId: BlobId;
  readonly #storage: Storage;
  readonly #writer: BlobWriter;

  constructor(blobId: BlobId, storage: Storage, writer: BlobWriter) {
    this.#blobId = blobId;
    this.#storage = storage;
    this.#writer = writer;
  }

  async step(step: SevenBitStep): Promise<void> {
    switch (step.kind) {
      case "copy":
        return await this.#copy(step.start, step.end);
      case "header":
        return await this.#header(step.start, step.end, "7bit");
      case "part":
        if (!step.binary && await this.#isSevenBit(step.bodyStart, step.end)) {
          await this.#header(step.start, step.bodyStart, "7bit");
          return await this.#copy(step.bodyStart, step.end);
        }
        await this.#header(step.start, step.bodyStart, step.encoding);
        return await this.#encode(step);
    }
  }

  async #copy(start: number, end: number): Promise<void> {
    for await (const piece of this.#pieces(start, end)) {
      if (!isSevenBit(piece)) throw new NotConvertible();
      await this.#write(piece);
    }
  }

  async #header(start: number, end: number, encoding: "7bit" | "quoted-printable" | "base64"): Promise<void> {
    if (end - start > HEADER_LIMIT) {
      if (encoding !== "7bit") throw new NotConvertible();
      return await this.#copy(start, end);
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#pieces(start, end)) pieces.push(piece.slice());
    const header = concatBytes(pieces);
    if (!isSevenBit(header)) throw new NotConvertible();
    await this.#write(encodingField(header, encoding, start === 0));
  }

  async #encode({ bodyStart, end, encoding }: Extract<SevenBitStep, { kind: "part" }>): Promise<void> {
    const encoder = new SevenBitEncoder(encoding);
    for await (const piece of this.#pieces(bodyStart, end)) await this.#write(encoder.push(piece));
    await this.#write(encoder.end());
  }

  async #isSevenBit(start: number, end: number): Promise<boolean> {
    for await (const piece of this.#pieces(start, end)) if (!isSevenBit(piece)) return false;
    return true;
  }

  async *#pieces(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; at += PAGE) {
      yield await this.#storage.readBlob(this.#blobId, at, Math.min(end, at + PAGE));
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    this.indexer.push(bytes);
    await this.#writer.write(bytes);
  }
}

/** Whether all octets are US-ASCII. */
export function isSevenBit(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 127) return false;
  return true;
}
