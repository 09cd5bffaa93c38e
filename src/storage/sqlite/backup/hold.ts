/**
 * Who copies the files of a store holds them: meanwhile no record of the segment log is moved or overwritten and no
 * segment goes, whatever the server does. It is a lock of the system, so it ends with whoever has it.
 */
import { join } from "node:path";

const NAME = "hold";

/** Waits until nothing is being moved, then holds the segments until the answer is called. */
export function holdSegments(dataDir: string): () => void {
  const file = Deno.openSync(join(dataDir, NAME), { create: true, write: true, mode: 0o600 });
  file.lockSync(false);
  return () => file.close();
}

/** For whoever moves: null while somebody holds the segments; else nobody begins to until the answer is called. */
export function freeToMove(dataDir: string): (() => void) | null {
  const file = Deno.openSync(join(dataDir, NAME), { create: true, write: true, mode: 0o600 });
  if (file.tryLockSync(true)) return () => file.close();
  file.close();
  return null;
}
