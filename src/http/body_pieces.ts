/** The body of a request in pieces, bounded in size and in the time between two of them. */
import { ProblemError } from "./problem.ts";

/** Fewer and larger reads cost less; hyper gives up to some hundred KiB at once. */
const PIECE = 256 * 1024;

/** How much, and how long to wait for the next piece, milliseconds. */
export interface PieceLimits {
  readonly size: number;
  readonly waitMs: number;
}

/**
 * Gives each piece to `take`, which has it until it returns or its promise resolves: the buffer is used again. False:
 * the body is larger than it may be. Throws a `ProblemError` where it breaks off or nothing comes.
 */
export async function takePieces(
  source: ReadableStream<Uint8Array> | null,
  limits: PieceLimits,
  take: (piece: Uint8Array) => void | Promise<void>,
): Promise<boolean> {
  if (source === null) return true;
  const reader = openReader(source);
  let size = 0;
  let isLate = false;
  // One timer for all pieces: it looks twice in the time that somebody has, and what the store takes is not his.
  let isWaiting = false;
  let looks = 0;
  const timer = setInterval(() => {
    if (!isWaiting || ++looks < 3) return;
    isLate = true;
    void reader.cancel().catch(() => {});
  }, limits.waitMs / 2);
  try {
    for (;;) {
      [isWaiting, looks] = [true, 0];
      const piece = await reader.read();
      isWaiting = false;
      if (isLate) throw late();
      if (piece === null) return true;
      size += piece.length;
      if (size > limits.size) {
        void reader.cancel().catch(() => {});
        return false;
      }
      await take(piece);
    }
  } catch (error) {
    void reader.cancel().catch(() => {});
    if (isLate) throw late();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

interface Pieces {
  /** Null: the end. */
  read(): Promise<Uint8Array | null>;
  cancel(): Promise<void>;
}

/** Of a stream of octets one buffer is filled again and again; others make buffers of their own. */
function openReader(source: ReadableStream<Uint8Array>): Pieces {
  const own = byteReader(source);
  if (own === null) {
    const reader = source.getReader();
    return {
      read: () => reader.read().then(({ done, value }) => done ? null : value, broken),
      cancel: () => reader.cancel(),
    };
  }
  let buffer = new Uint8Array(PIECE);
  return {
    read: () =>
      own.read(buffer).then(({ done, value }) => {
        if (value) buffer = new Uint8Array(value.buffer as ArrayBuffer);
        return done ? null : value;
      }, broken),
    cancel: () => own.cancel(),
  };
}

function byteReader(source: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return source.getReader({ mode: "byob" });
  } catch {
    return null; // a stream of anything
  }
}

function broken(): never {
  throw new ProblemError({ status: 400, code: "brokenBody", detail: "The body broke off." });
}

function late(): ProblemError {
  return new ProblemError({ status: 408, code: "timeout", detail: "The body did not come in time." });
}
