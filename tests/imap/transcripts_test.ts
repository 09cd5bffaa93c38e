/** Every dialogue of `tests/transcripts/imap`, whole, octet by octet and in random cuts. */
import { cuts } from "./cuts.ts";
import { playTranscript, transcripts } from "./transcript.ts";

for (const name of transcripts()) {
  Deno.test(`transcript ${name} whole`, () => playTranscript(name, () => Infinity));
  Deno.test(`transcript ${name} octet by octet`, () => playTranscript(name, () => 1));
  for (const seed of [1, 2, 3]) {
    Deno.test(`transcript ${name} in cuts of seed ${seed}`, () => playTranscript(name, cuts(seed)));
  }
}
