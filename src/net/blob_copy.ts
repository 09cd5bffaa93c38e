/** The effect `sendBlob`: a range of a blob to the transport in pieces, never faster than the peer takes them. */
import type { SendBlob } from "../contract/mod.ts";
import { DotStuffer } from "./dot_stuffer.ts";
import type { OutBuffer } from "./out_buffer.ts";
import type { SessionWorld } from "./world.ts";

/** Octets read at a time, from a multiple of it on: a frame of a packed body is unpacked once, and nothing is joined. */
const PIECE = 64 * 1024;

/**
 * Copies until the range is out, the limit of lines is reached or `isOpen` says no. Rejects when the store fails or
 * ends early: the peer was promised octets that cannot be sent.
 */
export async function copyBlob(
  effect: SendBlob,
  world: Pick<SessionWorld, "readBlob">,
  out: OutBuffer,
  isOpen: () => boolean,
): Promise<void> {
  const stuffer = effect.encoding === "dotStuffed" ? new DotStuffer(effect.lines) : null;
  for (let at = effect.start; at < effect.end && !stuffer?.done;) {
    const piece = await world.readBlob(effect.blobId, at, Math.min(effect.end, at - at % PIECE + PIECE));
    if (!isOpen()) return;
    if (piece.length === 0) throw new Error(`the blob ends at ${at}, before ${effect.end}`);
    at += piece.length;
    out.push(stuffer ? stuffer.push(piece) : piece);
    if (!out.isFull) continue;
    const wait = out.flush();
    if (wait !== null) await wait;
    if (!isOpen()) return;
  }
  if (stuffer) out.push(stuffer.end());
}
