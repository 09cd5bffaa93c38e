/** The filters of a site, from its configuration: reads and checks the scripts of the server once, at its start. */
import { basename, extname } from "node:path";
import type { FilterPolicy } from "../mda/mod.ts";
import {
  formatSieveError,
  type NamedScript,
  SIEVE_EXTENSIONS,
  SIEVE_LIMITS,
  SIEVE_PIPE,
  SieveCache,
  type SieveScript,
} from "../sieve/mod.ts";
import type { Config } from "./config/mod.ts";
import { targetFacts } from "./targets/targets.ts";
import { VERSION } from "./version.ts";

/** Reads the files. @throws where one cannot be read, or is no script that can run */
export async function filterPolicy(config: Config): Promise<FilterPolicy> {
  const { sieve, hostname } = config;
  const targets = await targetFacts(config.delivery);
  const scripts = new SieveCache(sieve.cache, { extensions: sieveExtensions(config) });
  const domains = new Map<string, readonly NamedScript[]>();
  for (const [domain, files] of sieve.domains) domains.set(domain, await readAll(files, domain, scripts));
  const globals = new Map<string, SieveScript>();
  for (const { name, script } of await readAll(sieve.global, "", scripts)) globals.set(name, script);
  return {
    hostname,
    version: VERSION,
    scripts,
    limits: { ...SIEVE_LIMITS, redirects: sieve.redirects },
    before: await readAll(sieve.before, "before", scripts),
    after: await readAll(sieve.after, "after", scripts),
    domains,
    globals,
    spam: sieve.spamTest,
    virus: sieve.virusTest,
    targets,
    zoneMinutes: (now) => -new Date(now).getTimezoneOffset(),
  };
}

/** Nobody is offered `pipe` where there is nothing that a script could name. */
export function sieveExtensions({ delivery }: Config): readonly string[] {
  const some = Object.values(delivery).some((places) => Object.keys(places).length > 0);
  return some ? SIEVE_EXTENSIONS : SIEVE_EXTENSIONS.filter((name) => name !== SIEVE_PIPE);
}

async function readAll(files: readonly string[], where: string, scripts: SieveCache): Promise<NamedScript[]> {
  const all: NamedScript[] = [];
  for (const file of files) {
    const text = await Deno.readTextFile(file).catch((error: Error) => {
      throw new Error(`the Sieve script ${file} cannot be read: ${error.message}`);
    });
    const parsed = scripts.get(text);
    if ("errors" in parsed) {
      const lines = parsed.errors.slice(0, 10).map((error) => `${file}:${formatSieveError(error)}`);
      throw new Error(`a Sieve script of the server is wrong:\n${lines.join("\n")}`);
    }
    const name = basename(file, extname(file));
    all.push({ name: where === "" ? name : `${where}/${name}`, script: parsed.script });
  }
  return all;
}
