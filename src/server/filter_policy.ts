/** The filters of a site, from its configuration: reads and checks the scripts of the server once, at its start. */
import { basename, extname } from "node:path";
import { isFilterName } from "../contract/mod.ts";
import type { FilterPolicy, PolicyScript } from "../mda/mod.ts";
import {
  formatSieveError,
  SIEVE_EXTENSIONS,
  SIEVE_LIMITS,
  SIEVE_PIPE,
  SieveCache,
  type SieveScript,
} from "../sieve/mod.ts";
import type { Config } from "./config/mod.ts";
import { targetFacts } from "./targets/targets.ts";
import { FilterRunner, type RunFilter } from "./typed_filters/mod.ts";
import { VERSION } from "./version.ts";

/**
 * Runs filters in TypeScript, where the configuration allows any. @throws where the process may not run others
 */
export function filterRunner({ sieve }: Config): FilterRunner | null {
  if (sieve.typescript === "off") return null;
  const command = Deno.execPath();
  if (Deno.permissions.querySync({ name: "run", command }).state !== "granted") {
    throw new Error(`sieve.typescript: filters run in processes of their own, which needs --allow-run=${command}`);
  }
  const { processes, time, memory } = sieve.typescriptLimits;
  return new FilterRunner({ processes, timeMs: time, memory });
}

/** Reads the files. @throws where one cannot be read, or is no script that can run */
export async function filterPolicy(config: Config, run: RunFilter | null = null): Promise<FilterPolicy> {
  const { sieve, hostname } = config;
  const targets = await targetFacts(config.delivery);
  const scripts = new SieveCache(sieve.cache, { extensions: sieveExtensions(config) });
  const read = (files: readonly string[], where: string) => readAll(files, where, scripts, run);
  const domains = new Map<string, readonly PolicyScript[]>();
  for (const [domain, files] of sieve.domains) domains.set(domain, await read(files, domain));
  const globals = new Map<string, SieveScript>();
  for (const one of await read(sieve.global, "")) {
    if ("source" in one) throw new Error("sieve.global: only Sieve scripts can be included");
    globals.set(one.name, one.script);
  }
  return {
    hostname,
    version: VERSION,
    scripts,
    limits: { ...SIEVE_LIMITS, redirects: sieve.redirects },
    before: await read(sieve.before, "before"),
    after: await read(sieve.after, "after"),
    domains,
    globals,
    typed: sieve.typescript === "accounts",
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

async function readAll(
  files: readonly string[],
  where: string,
  scripts: SieveCache,
  run: RunFilter | null,
): Promise<PolicyScript[]> {
  const all: PolicyScript[] = [];
  for (const file of files) {
    const text = await Deno.readTextFile(file).catch((error: Error) => {
      throw new Error(`the script ${file} cannot be read: ${error.message}`);
    });
    const named = (name: string): string => where === "" ? name : `${where}/${name}`;
    if (isFilterName(file)) {
      all.push({ name: named(basename(file)), source: await readFilter(file, text, run), shared: true });
      continue;
    }
    const parsed = scripts.get(text);
    if ("errors" in parsed) {
      const lines = parsed.errors.slice(0, 10).map((error) => `${file}:${formatSieveError(error)}`);
      throw new Error(`a Sieve script of the server is wrong:\n${lines.join("\n")}`);
    }
    all.push({ name: named(basename(file, extname(file))), script: parsed.script });
  }
  return all;
}

/** A filter of the server: it is read where it will run. */
async function readFilter(file: string, text: string, run: RunFilter | null): Promise<string> {
  if (run === null) throw new Error(`${file}: filters in TypeScript are off; sieve.typescript allows them`);
  let why: string;
  try {
    const answer = await run({ accountId: null, source: text, input: null });
    if (!("failed" in answer)) return text;
    why = answer.failed;
  } catch (error) {
    why = (error as Error).message;
  }
  throw new Error(`a filter of the server is wrong: ${file}: ${why}`);
}
