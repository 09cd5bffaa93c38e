/** Every dialogue of `tests/transcripts/imap`, whole, octet by octet and in random cuts. */
import { playTranscript, transcripts } from "./transcript.ts";

for (const name of transcripts()) {
  Deno.test(`transcript ${name} whole`, () => playTranscript(name, () => Infinity));
  Deno.test(`transcript ${name} octet by octet`, () => playTranscript(name, () => 1));
  for (const seed of [1, 2, 3]) {
    Deno.test(`transcript ${name} in cuts of seed ${seed}`, () => playTranscript(name, cuts(seed)));
  }
}

/** Sizes from 1 to 40, the same for the same seed (xorshift). */
function cuts(seed: number): () => number {
  let state = seed * 2654435761 >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return 1 + state % 40;
  };
}
