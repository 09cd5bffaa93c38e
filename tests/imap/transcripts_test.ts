/** Every dialogue of `tests/transcripts/imap`: whole, octet by octet and in random cuts, and whole over SQLite. */
import { imapText } from "../../src/imap/mod.ts";
import { cuts } from "./cuts.ts";
import { openSqlite } from "../../src/storage/sqlite/mod.ts";
import { playTranscript, transcripts } from "./transcript.ts";

for (const name of transcripts()) {
  Deno.test(`transcript ${name} whole`, () => playTranscript(name, () => Infinity));
  Deno.test(`transcript ${name} octet by octet`, () => playTranscript(name, () => 1));
  for (const seed of [1, 2, 3]) {
    Deno.test(`transcript ${name} in cuts of seed ${seed}`, () => playTranscript(name, cuts(seed)));
  }
  Deno.test(`transcript ${name} over SQLite`, async () => {
    const dataDir = Deno.makeTempDirSync();
    try {
      await playTranscript(name, () => Infinity, await openSqlite({ dataDir, prepare: imapText }));
    } finally {
      Deno.removeSync(dataDir, { recursive: true });
    }
  });
}
