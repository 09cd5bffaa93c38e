/** Runs pairs of scripts and messages through both. */
import { deepStrictEqual } from "node:assert/strict";
import { join } from "node:path";
import type { Stage } from "../scenario.ts";
import { oursOf, OWNER, SENDER, theirsOf } from "./compare.ts";
import { Chance, makeMessage, makeScript } from "./generate.ts";
import { INNER, makePartsMessage, makePartsScript } from "./generate_parts.ts";

const NOBODY = 65534;

/** Throws with script, message and both outcomes at the first pair that differs. */
export async function compare(stage: Pick<Stage, "run">, folder: string, seed: number, pairs: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const scripts = join(folder, "sieve"); // where it looks for what is included
  await Deno.mkdir(scripts, { recursive: true });
  for (const [name, text] of Object.entries(INNER)) await Deno.writeTextFile(join(scripts, `${name}.sieve`), text);
  await Deno.chown(scripts, NOBODY, NOBODY);
  await Deno.chown(folder, NOBODY, NOBODY); // it refuses to run as root, and keeps compiled scripts beside
  for (let i = 0; i < pairs; i++) {
    const chance = new Chance(seed + i);
    const [script, message] = i % 2 === 0
      ? [makeScript(chance), makeMessage(chance)]
      : [makePartsScript(chance), makePartsMessage(chance)];
    const theirs = await sieveTest(stage, folder, script, message);
    const ours = oursOf(script, message);
    if (bothRefuse(ours, theirs) || hasBroken(theirs)) continue;
    deepStrictEqual(ours, theirs, `seed ${seed + i}\n${script}\n--- message\n${message}`);
  }
}

export async function sieveTest(
  stage: Pick<Stage, "run">,
  folder: string,
  script: string,
  message: string,
): Promise<string[]> {
  const [scriptFile, messageFile] = [join(folder, "s.sieve"), join(folder, "m.eml")];
  await Deno.writeTextFile(scriptFile, script);
  await Deno.writeTextFile(messageFile, message);
  await Deno.remove(join(folder, "s.svbin")).catch(() => {});
  const { stdout, stderr } = await stage.run("setpriv", [
    ...["--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups", "env", `HOME=${folder}`],
    ...["sieve-test", "-x", "+editheader", "-f", SENDER, "-r", OWNER, "-a", OWNER, scriptFile, messageFile],
  ], { codes: "any" });
  return theirsOf(stdout, stderr);
}

/** It has crashed, or says that what it compiled just now is corrupt: both happen with loops over parts. */
const hasBroken = ([first = ""]: readonly string[]): boolean => first === "error " || /corrupt binary/.test(first);

const bothRefuse = (ours: readonly string[], theirs: readonly string[]): boolean =>
  ours[0]?.startsWith("error") === true && theirs[0]?.startsWith("error") === true;
