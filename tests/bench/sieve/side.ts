// deno-lint-ignore-file no-console
/** Palomar's side: reads each file of a folder, runs a script over it, says where it goes. `SCRIPT FOLDER PASSES`. */
import { indexMessage } from "../../../src/message/mod.ts";
import { runSieve, SieveCache, sieveSentence, sieveWorld } from "../../../src/sieve/mod.ts";

const [file = "", folder = "", passes = "1"] = Deno.args;
let left = Number(passes);
const cache = new SieveCache(1 << 20);
const text = Deno.readTextFileSync(file);
let lines: string[] = [];
while (left-- > 0) {
  lines = [];
  for (const { name } of Deno.readDirSync(folder)) {
    const octets = Deno.readFileSync(`${folder}/${name}`);
    const parsed = cache.get(text);
    if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors));
    const index = indexMessage(octets);
    const owner = "bob@example.net";
    const run = runSieve(
      parsed.script,
      {
        envelope: { from: "alice@example.org", to: owner },
        header: octets.subarray(0, index.root.bodyStart),
        index,
        now: 0,
        owner: { address: owner, addresses: [owner] },
        seed: "bench",
      },
      sieveWorld({
        // deno-lint-ignore require-yield -- an answer that is there at once
        *read(start, end) {
          return octets.subarray(start, end);
        },
      }),
    );
    const { value } = run.next();
    if (!value || !("actions" in value)) throw new Error("the script asked something");
    if (value.failures.length > 0) throw new Error(value.failures[0]!.message);
    lines.push(`${name} ${value.actions.map(sieveSentence).join("; ")}`);
  }
}
console.log(lines.join("\n"));
