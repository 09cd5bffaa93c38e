import { join } from "node:path";
import { compare } from "../sieve/run.ts";
import type { Scenario } from "../scenario.ts";

/** Pairs of a script and a message for each round that is asked for. */
const PAIRS_A_ROUND = 40;

/** The same script does the same, here and there; what differs is settled in `src/adr/clarifications.md`. */
export const pigeonhole: readonly Scenario[] = [
  {
    name: "Pigeonhole: sieve-test and Palomar make the same of scripts and messages by chance",
    needs: ["sieve-test"],
    root: true,
    seconds: 600,
    async run(stage) {
      const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
      const pairs = PAIRS_A_ROUND * stage.sizes.rounds;
      await compare(stage, join(stage.folder, "sieve"), seed, pairs);
      return `${pairs} pairs from seed ${seed}`;
    },
  },
];
