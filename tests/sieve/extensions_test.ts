/** The rule that an extension is one file and one line in a table, and that each has tests named by its RFC. */
import assert from "node:assert/strict";
import { SIEVE_LANGUAGE } from "../../src/sieve/language.ts";
import { languageOf, type SieveExtension } from "../../src/sieve/extension.ts";
import { EXTENSIONS } from "../../src/sieve/extensions/mod.ts";
import { SIEVE_EXTENSIONS } from "../../src/sieve/mod.ts";

const FOLDER = new URL("../../src/sieve/", import.meta.url);

async function filesIn(folder: URL): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && name.endsWith(".ts")) files.set(name, await Deno.readTextFile(new URL(name, folder)));
  }
  return files;
}

Deno.test("every file of extensions/ holds one extension, and the table has each of them once", async () => {
  const files = await filesIn(new URL("extensions/", FOLDER));
  const table = files.get("mod.ts")!;
  files.delete("mod.ts");
  for (const [name, text] of files) {
    const found = [...text.matchAll(/^export const (\w+): SieveExtension = /gm)].map((match) => match[1]!);
    assert.equal(found.length, 1, `${name} has ${found.length} extensions`);
    assert.match(table, new RegExp(`import \\{ ${found[0]} \\} from "./${name.replace(".", "\\.")}"`));
  }
  assert.equal(EXTENSIONS.length, files.size);
  assert.equal(new Set(SIEVE_EXTENSIONS).size, SIEVE_EXTENSIONS.length);
});

Deno.test("nothing outside of its file and the table knows an extension by its file", async () => {
  // What has to be there before anything is checked: the match type and the comparators of RFC 5228.
  const allowed = new Set(["base_matching.ts"]);
  for (const folder of ["./", "check/", "run/", "match/", "syntax/"]) {
    for (const [name, text] of await filesIn(new URL(folder, FOLDER))) {
      for (const [, imported] of text.matchAll(/from "[./]*extensions\/([a-z0-9_]+\.ts)"/g)) {
        assert.ok(imported === "mod.ts" || allowed.has(imported!), `${folder}${name} imports ${imported}`);
      }
    }
  }
});

Deno.test("an extension that comes along brings commands, tests, tags, words and comparators, and needs its require", () => {
  const greeting: SieveExtension = {
    name: "vnd.test.greeting",
    brings: ["fileinto"],
    tags: [{ on: ["filing"], tags: [{ name: "loudly", keeps: true }] }],
    words: [{ on: "envelope", name: "mood", isAddress: false, values: () => ["good"] }],
    comparators: [{ ...SIEVE_LANGUAGE.comparators.get("i;octet")!.comparator, name: "i;greeting" }],
  };
  const language = languageOf([...EXTENSIONS, greeting]);
  assert.equal(language.commands.get("fileinto")!.tagged.get("loudly")!.needs, "vnd.test.greeting");
  assert.equal(language.commands.get("vacation")!.tagged.get("loudly")!.with, "fcc");
  assert.equal(language.tests.get("envelope")!.words.get("mood")!.needs, "vnd.test.greeting");
  assert.equal(language.comparators.get("i;greeting")!.needs, "vnd.test.greeting");
  assert.deepEqual(language.brings.get("vnd.test.greeting"), ["fileinto"]);
  assert.equal(SIEVE_LANGUAGE.commands.get("fileinto")!.tagged.get("loudly"), undefined);
});
