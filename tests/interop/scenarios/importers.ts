import { join } from "node:path";
import { compareImport } from "../importers/run.ts";
import type { Scenario } from "../scenario.ts";

/** Files for each round that is asked for; each over three messages. */
const FILES_A_ROUND = 40;

/** Where the real program puts a message, the script does that its file becomes; what cannot be said is told. */
export const importers: readonly Scenario[] = (["procmail", "maildrop"] as const).map((program) => ({
  name: `import ${program}: messages go where ${program} puts them, for files and messages by chance`,
  needs: [program, "setpriv"],
  root: true,
  seconds: 600,
  async run(stage) {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const files = FILES_A_ROUND * stage.sizes.rounds;
    const whole = await compareImport(stage, program, join(stage.folder, program), seed, files);
    return `${whole} of ${files} files from seed ${seed} could be said in Sieve`;
  },
}));
