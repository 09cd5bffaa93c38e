/** Numbers from 1 to `most`, the same for the same seed (xorshift): where a stream of octets is cut. */
export function cuts(seed: number, most: number = 40): () => number {
  let state = seed * 2654435761 >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return 1 + state % most;
  };
}
