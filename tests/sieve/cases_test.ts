/**
 * The files of `cases/` and of `corpus/`, which has one for each extension: data only. A case begins with `=== name`. `--- script` and `--- message` are taken as they
 * stand, `--- given` has lines such as `from: x@y`, and what must come out stands behind `--- outcome`, a line an
 * action as `scene.ts` writes it; or behind `--- errors`, where the script cannot run.
 */
import assert from "node:assert/strict";
import {
  checkSieve,
  formatSieveError,
  SIEVE_EXTENSIONS,
  type SieveFacts,
  type SieveWorld,
} from "../../src/sieve/mod.ts";
import { now, outcome, play, type Scene, scriptOf, versionText } from "./scene.ts";

interface Case {
  readonly name: string;
  readonly sections: ReadonlyMap<string, string>;
}

function casesOf(text: string): Case[] {
  return text.split(/^=== /m).slice(1).map((whole) => {
    const [name = "", ...lines] = whole.split("\n");
    const sections = new Map<string, string>();
    for (const piece of lines.join("\n").split(/^--- /m).slice(1)) {
      const lf = piece.indexOf("\n");
      sections.set(piece.slice(0, lf), piece.slice(lf + 1));
    }
    return { name, sections };
  });
}

function byOf(text: string) {
  const [at = "", mode = "", trace = ""] = text.split(" ");
  return { at: Date.parse(at), mode: mode as "notify", trace: trace === "true" };
}

/** `name: value` lines. */
function sceneOf(given: string, message: string | undefined, scripts: ReadonlyMap<string, string>): Scene {
  const lines = given.split("\n").filter(Boolean).map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)] as const;
  });
  const all = (name: string) => lines.filter(([key]) => key === name).map(([, value]) => value);
  const one = (name: string) => all(name)[0];
  const pairs = (name: string) => new Map(all(name).map((value) => value.split(" = ") as [string, string]));
  const owner = one("owner") ?? "bob@example.net";
  const facts: Partial<SieveFacts> = {
    envelope: {
      from: one("from") === "<>" ? "" : one("from") ?? "alice@example.org",
      to: one("to") ?? owner,
      ...(one("notify") && {
        dsn: {
          notify: one("notify")!.split(" "),
          orcpt: one("orcpt") ?? null,
          ret: (one("ret") ?? null) as "HDRS" | null,
          envid: one("envid") ?? null,
        },
      }),
      ...(one("by") && { deliverBy: byOf(one("by")!) }),
    },
    owner: { address: owner, addresses: [owner, ...all("also")] },
    environment: Object.fromEntries(pairs("environment")),
    zoneMinutes: Number(one("zone") ?? 0),
    ...(one("now") && { now: Date.parse(one("now")!) }),
    ...(one("spam") && { spamPercent: Number(one("spam")) }),
    ...(one("virus") && { virus: Number(one("virus")) as 1 }),
    ...(one("separators") && { separators: one("separators")! }),
    ...(one("flags") && { flags: one("flags")!.split(" ") }),
    ...(one("event") && { event: "imap" as const }),
  };
  const lists = pairs("list");
  const world: Partial<SieveWorld> = {
    mailboxExists: (name) => now(all("mailbox").includes(name)),
    mailboxById: (id) => now(pairs("id").get(id) ?? null),
    mailboxByUse: (use, among) => {
      const found = pairs("use").get(use) ?? null;
      return now(among === null || among === found ? found : null);
    },
    mailboxMetadata: (mailbox, entry) => now(pairs("metadata").get(`${mailbox} ${entry}`) ?? null),
    serverMetadata: (entry) => now(pairs("server").get(entry) ?? null),
    seen: () => now(one("seen") === "yes"),
    script: (location, name) => {
      const text = scripts.get(`script ${location} ${name}`);
      return now(text === undefined ? null : scriptOf(text));
    },
    listKnown: (list) => now(lists.has(list)),
    listHolds: (list, value) => now((lists.get(list) ?? "").split(" ").includes(value)),
    listMembers: (list) => now(lists.get(list)?.split(" ") ?? null),
  };
  return { ...(message !== undefined && { message }), facts, world };
}

const CORPUS = new URL("corpus/", import.meta.url);

for (const folder of [new URL("cases/", import.meta.url), CORPUS]) {
  for (const { name: file } of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const text = Deno.readTextFileSync(new URL(file, folder));
    for (const { name, sections } of casesOf(text)) Deno.test(`sieve ${file}: ${name}`, () => tryCase(sections));
  }
}

function tryCase(sections: ReadonlyMap<string, string>): void {
  const script = sections.get("script")!;
  const lines = (section: string) => (sections.get(section) ?? "").split("\n").filter(Boolean);
  if (sections.has("errors")) {
    assert.deepEqual(checkSieve(script).map(formatSieveError), lines("errors"));
    return;
  }
  const scripts = [script, ...sections.has("then") ? [sections.get("then")!] : []];
  const message = sections.get("message");
  const result = play(scripts, sceneOf(sections.get("given") ?? "", message, sections));
  assert.deepEqual(outcome(result), lines("outcome"), result.log.map((line) => JSON.stringify(line)).join("\n"));
  if (sections.has("becomes")) {
    const last = result.actions.findLast((action) => "version" in action) as { version: number };
    const text = versionText(result, last.version, message).replace(/sieve-[A-Za-z0-9]{20,}/g, "BOUNDARY");
    assert.equal(text.trimEnd(), sections.get("becomes")!.trimEnd());
  }
}

Deno.test("every extension that is advertised has a file in corpus/, with cases named by the RFC's sections", () => {
  const files = new Set([...Deno.readDirSync(CORPUS)].map(({ name }) => name));
  for (const extension of ["base", ...SIEVE_EXTENSIONS]) {
    const file = `${extension.replaceAll(";", "_")}.txt`;
    assert.ok(files.delete(file), `there is no corpus/${file}`);
    const cases = casesOf(Deno.readTextFileSync(new URL(file, CORPUS)));
    assert.ok(cases.length >= 2, `${file} has ${cases.length} cases`);
    for (const { name, sections } of cases) {
      assert.match(name, /^(RFC \d{4}|draft-[a-z-]+) sections? [0-9.]+( and [0-9.]+)?: \S/, `${file}: ${name}`);
      const named = extension === "base" || [...sections.values()].some((text) => text.includes(`"${extension}"`));
      assert.ok(named, `${file}: ${name} does not require it`);
    }
  }
  assert.deepEqual([...files], [], "files of no extension");
});
