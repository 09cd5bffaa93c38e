/** Ways to pack bodies, for a suite whose every test opens a store: each test meets one of them. */
import type { PackingOptions } from "../../src/storage/packing/mod.ts";

const KEY = new Uint8Array(32).fill(1);
const WAYS: readonly PackingOptions[] = [
  { compression: "zstd", keys: [KEY] },
  {},
  { compression: "zstd" },
  { keys: [KEY], cipher: "aes-256-gcm" },
];

/** The next way, in turns. */
export function packingInTurns(): () => PackingOptions {
  let next = 0;
  return () => WAYS[next++ % WAYS.length]!;
}
