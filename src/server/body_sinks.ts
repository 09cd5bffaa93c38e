/**
 * The bodies that one session is receiving: each goes to the blob store and through the indexer as it comes. Errors
 * are sticky and surface when the body is sealed (contract, rule 5).
 */
import type { AnswerOf, BlobId, BodyPart } from "../contract/mod.ts";
import { concatBytes } from "../base/bytes.ts";
import { encodeBase64Lines, MessageIndexer, transferDecoder } from "../message/mod.ts";
import type { BlobWriter, SealedBlob, Storage } from "../storage/storage.ts";
import { failureReason } from "./failure.ts";

interface Sink {
  readonly writer: BlobWriter;
  readonly indexer: MessageIndexer;
  error: unknown;
  /** `seal` is under way: until it ends the writer is the store's. */
  sealing: boolean;
  sealed: SealedBlob | null;
}

const PIECE = 128 * 1024; // octets copied at a time where a body is rewritten

export class BodySinks {
  readonly #storage: Storage;
  readonly #sinks = new Map<number, Sink>();
  /** Bodies made from others; they live until the session ends. */
  readonly #rewritten: SealedBlob[] = [];
  /** Bodies that are made while a message is handled; they live until `releaseMade`. */
  readonly #made: SealedBlob[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  chunk(sink: number, chunk: Uint8Array): void | Promise<void> {
    const open = this.#sinks.get(sink) ?? this.#open(sink);
    if (open.error !== null) return;
    try {
      open.indexer.push(chunk);
      const written = open.writer.write(chunk);
      if (written instanceof Promise) return written.catch((error) => void (open.error = error));
    } catch (error) {
      open.error = error;
    }
  }

  async seal(sink: number): Promise<AnswerOf<"body.seal">> {
    const open = this.#sinks.get(sink) ?? this.#open(sink); // an empty body has no chunks
    const isKept = (): boolean => this.#sinks.get(sink) === open; // else the session let go of it meanwhile
    open.sealing = true;
    try {
      if (open.error !== null) throw open.error;
      const sealed = await open.writer.seal(open.indexer.finish());
      if (isKept()) open.sealed = sealed;
      else sealed.release();
      return { blobId: sealed.blobId, size: sealed.size };
    } catch (error) {
      if (!isKept()) open.writer.abort();
      if (failureReason(error) === "full") return { refused: "full" };
      throw error;
    } finally {
      open.sealing = false;
    }
  }

  async rewrite(
    blobId: BlobId,
    cut: readonly { readonly start: number; readonly end: number }[],
  ): Promise<AnswerOf<"body.rewrite">> {
    const index = await this.#storage.perform("blob.index", { blobId });
    if (index === null) throw new Error(`no blob ${blobId} to rewrite`);
    const writer = this.#storage.createBlob();
    try {
      const sealed = await copyWithout(this.#storage, blobId, index.size, cut, writer);
      this.#rewritten.push(sealed);
      return { blobId: sealed.blobId, size: sealed.size };
    } catch (error) {
      writer.abort();
      if (failureReason(error) === "full") return { refused: "full" };
      throw error;
    }
  }

  /** A body of parts, which lives until `releaseMade`. */
  async make(parts: readonly BodyPart[]): Promise<AnswerOf<"body.make">> {
    const writer = this.#storage.createBlob();
    const indexer = new MessageIndexer();
    const write = async (octets: Uint8Array): Promise<void> => {
      indexer.push(octets);
      await writer.write(octets);
    };
    try {
      for (const part of parts) {
        if ("octets" in part) await write(part.octets);
        else for await (const piece of piecesOf(this.#storage, part)) await write(piece);
      }
      const sealed = await writer.seal(indexer.finish());
      this.#made.push(sealed);
      return { blobId: sealed.blobId, size: sealed.size };
    } catch (error) {
      writer.abort();
      if (failureReason(error) === "full") return { refused: "full" };
      throw error;
    }
  }

  /** What was made has been stored, or is not needed. */
  releaseMade(): void {
    for (const sealed of this.#made.splice(0)) sealed.release();
  }

  /** Fills a fresh sink with the parts and seals it. */
  async compose(sink: number, parts: readonly BodyPart[]): Promise<AnswerOf<"body.compose">> {
    for (const part of parts) {
      if ("octets" in part) await this.chunk(sink, part.octets);
      else for await (const piece of piecesOf(this.#storage, part)) await this.chunk(sink, piece);
    }
    return await this.seal(sink);
  }

  abort(sink: number): void {
    const open = this.#sinks.get(sink);
    if (!open) return;
    this.#sinks.delete(sink);
    if (open.sealed) open.sealed.release();
    else if (!open.sealing) open.writer.abort();
  }

  close(): void {
    for (const sink of [...this.#sinks.keys()]) this.abort(sink);
    for (const sealed of this.#rewritten.splice(0)) sealed.release();
    this.releaseMade();
  }

  #open(sink: number): Sink {
    const open: Sink = {
      writer: this.#storage.createBlob(),
      indexer: new MessageIndexer(),
      error: null,
      sealing: false,
      sealed: null,
    };
    this.#sinks.set(sink, open);
    return open;
  }
}

async function copyWithout(
  storage: Storage,
  blobId: BlobId,
  size: number,
  cut: readonly { readonly start: number; readonly end: number }[],
  writer: BlobWriter,
): Promise<SealedBlob> {
  const indexer = new MessageIndexer();
  let at = 0;
  for (const { start, end } of [...cut, { start: size, end: size }]) {
    for await (const piece of pieces(storage, blobId, at, start)) {
      indexer.push(piece);
      await writer.write(piece);
    }
    at = end;
  }
  return await writer.seal(indexer.finish());
}

/** The octets of a part, encoded or decoded where it says so. */
async function* piecesOf(
  storage: Storage,
  { blobId, start, end, base64 = false, decode }: Extract<BodyPart, { blobId: BlobId }>,
): AsyncGenerator<Uint8Array> {
  if (decode) return yield* decodedPieces(pieces(storage, blobId, start, end), decode);
  if (!base64) return yield* pieces(storage, blobId, start, end);
  for (let at = start; at < end; at += LINES) {
    // A read may give less than was asked for: lines are whole all the same.
    const octets: Uint8Array[] = [];
    for await (const piece of pieces(storage, blobId, at, Math.min(end, at + LINES))) octets.push(piece);
    yield encodeBase64Lines(octets.length === 1 ? octets[0]! : concatBytes(octets));
  }
}

async function* decodedPieces(
  encoded: AsyncIterable<Uint8Array>,
  { encoding, from, to }: NonNullable<Extract<BodyPart, { blobId: BlobId }>["decode"]>,
): AsyncGenerator<Uint8Array> {
  const decoder = transferDecoder(encoding);
  let at = 0;
  const within = (piece: Uint8Array): Uint8Array => {
    const [first, last] = [Math.max(0, from - at), Math.min(piece.length, to - at)];
    at += piece.length;
    return piece.subarray(Math.min(first, piece.length), Math.max(first, last));
  };
  for await (const piece of encoded) {
    yield within(decoder.push(piece));
    if (at >= to) return;
  }
  yield within(decoder.end());
}

/** Octets that are whole lines in base64: 57 a line. */
const LINES = 57 * 2048;

/** The octets of a range, piece by piece. */
async function* pieces(storage: Storage, blobId: BlobId, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += PIECE) yield await storage.readBlob(blobId, at, Math.min(end, at + PIECE));
}
