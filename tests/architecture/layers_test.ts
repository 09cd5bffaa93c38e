import assert from "node:assert/strict";
import { breaches, LAYERS } from "./layers.ts";

const SRC = new URL("../../src/", import.meta.url);

function sources(folder: URL, prefix = ""): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of Deno.readDirSync(folder)) {
    const path = prefix + entry.name;
    if (entry.isDirectory) {
      for (const [inner, text] of sources(new URL(`${entry.name}/`, folder), `${path}/`)) files.set(inner, text);
    } else if (path.endsWith(".ts")) files.set(path, Deno.readTextFileSync(new URL(entry.name, folder)));
  }
  return files;
}

Deno.test("src/ keeps the rules of LAYERS", () => {
  assert.deepEqual(breaches(sources(SRC)), []);
});

Deno.test("breaches() finds each kind and leaves good files alone", () => {
  const got = breaches(
    new Map([
      ["imap/machine.ts", 'import { x } from "../contract/effect.ts";\n// await nothing\nconst s = "Date.now";'],
      ["imap/bad.ts", 'import { s } from "../storage/sqlite/store.ts";'],
      ["smtp/server/bad.ts", "const t = Date.now();"],
      ["smtp/wire/bad.ts", 'import { Hono } from "hono";'],
      ["storage/sqlite/bad.ts", 'import { p } from "../memory/store.ts";'],
      ["storage/sqlite/store.ts", 'import { p } from "../storage.ts"; await p;'],
      ["server/main.ts", 'import { z } from "../storage/sqlite/store.ts"; await z();'],
      ["net/utils.ts", ""],
      ["net/long.ts", "\n".repeat(700)],
      ["stray/file.ts", ""],
    ]),
  );
  assert.deepEqual(got, [
    "imap/bad.ts: imap may not import storage/sqlite",
    "smtp/server/bad.ts: a core may not use Date.now",
    "smtp/wire/bad.ts: smtp may not import hono",
    "storage/sqlite/bad.ts: storage/sqlite may not import storage/memory",
    "net/utils.ts: a drawer; name it after what it does",
    "net/long.ts: 701 lines, more than 600",
    "stray/file.ts: no row in LAYERS",
  ]);
});

Deno.test("LAYERS has no cycle", () => {
  const visit = (name: string, path: readonly string[]): void => {
    assert.ok(!path.includes(name), [...path, name].join(" -> "));
    for (const next of LAYERS[name]?.may ?? []) if (next !== "*") visit(next, [...path, name]);
  };
  for (const name of Object.keys(LAYERS)) visit(name, []);
});
