/**
 * The configuration: one JSON file with comments, or none (then the demo), and environment variables over it.
 *
 * Rules:
 * - What is here is checked once, whole, before anything starts; the rest of the server sees a `Config` that is right.
 * - Every problem is told at once, each with the place, what is wrong and what would be right. An unknown key is a
 *   problem: a mistyped limit that is silently ignored is worse than a server that does not start.
 * - Relative paths belong to the folder of the file that names them, so that the server and the command line find the
 *   same data from wherever they are called. Paths from the environment, and of the demo, belong to the working folder.
 */
import { isAbsolute, resolve } from "node:path";
import { z } from "zod";
import type { Config, ConfigProblem, ConfigSource, DemoConfig, OutboundConfig, RelayConfig } from "./config.ts";
import { rawDemo } from "./demo.ts";
import { applyOverrides, type Override, readEnvironment } from "./environment.ts";
import { parseJsonc, type Place } from "./jsonc.ts";
import { DEMO_SCHEMA, FILE_SCHEMA, type ReadConfig } from "./schema.ts";
import { keysAt, nearest, type Path, printPath } from "./walk.ts";

export * from "./config.ts";
export type * from "./abuse.ts";
export type * from "./delivery.ts";
export type * from "./jmap.ts";
export type { RawConfig } from "./schema.ts";
export { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

/** The file that is taken where nobody names one. */
export const DEFAULT_FILE = "palomar.jsonc";

/** Where to look for a configuration. */
export interface ConfigPlace {
  /** `--config`. */
  readonly file?: string;
  readonly env: ReadonlyMap<string, string>;
  /** Absolute. */
  readonly cwd: string;
  /** For tests; default reads the file system. Null: there is no such file. */
  readonly readFile?: (path: string) => string | null;
}

/** A configuration that is right, and where it came from. */
export interface LoadedConfig {
  readonly config: Config;
  readonly source: ConfigSource;
}

/** Finds, reads and checks the configuration: `--config`, `PALOMAR_CONFIG`, `./palomar.jsonc`, or the demo. */
export function loadConfig(place: ConfigPlace): LoadedConfig | readonly ConfigProblem[] {
  const readFile = place.readFile ?? readTextFile;
  const named = place.file ?? place.env.get("PALOMAR_CONFIG");
  const file = resolve(place.cwd, named ?? DEFAULT_FILE);
  const shown = named ?? DEFAULT_FILE;
  let text: string | null;
  try {
    text = readFile(file);
  } catch (error) {
    return [{ where: shown, path: "", reason: `cannot be read: ${(error as Error).message}` }];
  }
  if (text === null) {
    if (named !== undefined) return [{ where: shown, path: "", reason: "there is no such file" }];
    return load({ ...rawDemo() }, { schema: DEMO_SCHEMA, env: place.env, cwd: place.cwd, folder: place.cwd });
  }
  const parsed = parseJsonc(text);
  if (!parsed.ok) {
    return [{ where: `${shown}:${parsed.place.line}:${parsed.place.column}`, path: "", reason: parsed.reason }];
  }
  if (typeof parsed.value !== "object" || parsed.value === null || Array.isArray(parsed.value)) {
    return [{ where: shown, path: "", reason: "a configuration should be an object, in { }" }];
  }
  return load(parsed.value as Record<string, unknown>, {
    schema: FILE_SCHEMA,
    env: place.env,
    cwd: place.cwd,
    folder: resolve(file, ".."),
    file,
    shown,
    places: parsed.places,
  });
}

/**
 * Checks a configuration that a program made: the shape of a file, as an object. `folder` is what relative paths belong
 * to. For tests and for use as a library. `env`: variables that go over it, as over a file; others than `PALOMAR_…` are
 * left alone.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseConfig } from "../../../mod.ts";
 * const env = new Map([["PALOMAR_HOSTNAME", "mail.example.org"], ["PALOMAR_STORAGE__DRIVER", "memory"]]);
 * const config = parseConfig({ listeners: [] }, "/", env);
 * assert("hostname" in config && config.hostname === "mail.example.org");
 * ```
 */
export function parseConfig(
  raw: unknown,
  folder: string,
  env: ReadonlyMap<string, string> = new Map(),
): Config | readonly ConfigProblem[] {
  if (typeof raw !== "object" || raw === null) {
    return [{ where: "", path: "", reason: "a configuration should be an object" }];
  }
  const loaded = load(structuredClone(raw) as Record<string, unknown>, {
    schema: FILE_SCHEMA,
    env,
    cwd: folder,
    folder,
  });
  return "config" in loaded ? loaded.config : loaded;
}

/** The demo, with its data in `dataDir`: what runs where there is no configuration. */
export function demoConfig(dataDir: string): Config {
  const loaded = load({ ...rawDemo(), dataDir }, {
    schema: DEMO_SCHEMA,
    env: new Map(),
    cwd: Deno.cwd(),
    folder: Deno.cwd(),
  });
  if ("config" in loaded) return loaded.config;
  throw new Error(`the demo configuration is wrong: ${JSON.stringify(loaded)}`);
}

interface Origin {
  readonly schema: z.ZodType<ReadConfig>;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly folder: string;
  readonly file?: string;
  readonly shown?: string;
  readonly places?: ReadonlyMap<string, Place>;
}

function load(raw: Record<string, unknown>, origin: Origin): LoadedConfig | readonly ConfigProblem[] {
  const { overrides, problems } = readEnvironment(origin.schema, origin.env);
  applyOverrides(raw, overrides);
  const read = origin.schema.safeParse(raw);
  const found = read.success ? [] : read.error.issues.flatMap((issue) => problemsOf(issue, origin, overrides));
  if (!read.success || problems.length > 0) return [...problems, ...found];
  const clashes = contradictions(read.data).map(({ path, reason }) => locate(path, reason, origin, overrides));
  if (clashes.length > 0) return clashes;
  const source: ConfigSource = origin.file === undefined ? { kind: "demo" } : { kind: "file", file: origin.file };
  return { config: finish(read.data, origin, overrides), source };
}

function problemsOf(issue: z.core.$ZodIssue, origin: Origin, overrides: readonly Override[]): ConfigProblem[] {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") {
    const keys = keysAt(origin.schema, path);
    return issue.keys.map((key) => {
      const near = nearest(key, keys);
      const meant = near === null ? `; the keys here are ${keys.join(", ")}` : `; did you mean "${near}"?`;
      return locate(
        [...path, key],
        keys.length === 0 ? "unknown key; nothing stands here yet" : `unknown key${meant}`,
        origin,
        overrides,
      );
    });
  }
  return [locate(path, issue.message, origin, overrides)];
}

/** A problem with the place where the value was written, or the nearest place around it. */
function locate(path: Path, reason: string, origin: Origin, overrides: readonly Override[]): ConfigProblem {
  const printed = printPath(path);
  const override = overrides.find((one) => printPath(one.path) === printed);
  if (override !== undefined) return { where: override.name, path: printed, reason };
  if (origin.places === undefined) return { where: origin.shown ?? "", path: printed, reason };
  let place: Place | undefined;
  for (let length = path.length; place === undefined && length >= 0; length--) {
    place = origin.places.get(path.slice(0, length).join("."));
  }
  return { where: place ? `${origin.shown}:${place.line}:${place.column}` : origin.shown ?? "", path: printed, reason };
}

/** What is wrong between values that are each right. */
function contradictions(read: ReadConfig): { path: Path; reason: string }[] {
  const found: { path: Path; reason: string }[] = [];
  const { first, longest, giveUp } = read.outbound.retry;
  if (first > longest) found.push({ path: ["outbound", "retry", "first"], reason: "should not be more than longest" });
  if (longest > giveUp) {
    found.push({ path: ["outbound", "retry", "longest"], reason: "should not be more than giveUp" });
  }
  if (read.limits.connectionsPerAddress > read.limits.connections) {
    found.push({
      path: ["limits", "connectionsPerAddress"],
      reason: `should not be more than limits.connections, which is ${read.limits.connections}`,
    });
  }
  const { driver, url, objects, path } = read.storage;
  if (driver === "postgres" && url === null) {
    found.push({
      path: ["storage", "driver"],
      reason: 'needs storage.url, as "postgres://user:password@host/database"',
    });
  }
  const { key, keyFile } = read.storage.encryption;
  if (key !== null && keyFile !== null) {
    found.push({ path: ["storage", "encryption", "keyFile"], reason: "key is given too: one of them" });
  }
  if (driver !== "sqlite" && driver !== "postgres" && (key !== null || keyFile !== null)) {
    const reason = `is for the drivers "sqlite" and "postgres": "${driver}" does not encrypt`;
    found.push({ path: ["storage", "encryption"], reason });
  }
  if (driver !== "postgres" && url !== null) {
    found.push({ path: ["storage", "url"], reason: 'is for the driver "postgres" alone' });
  }
  if (driver !== "denokv" && path !== null) {
    found.push({ path: ["storage", "path"], reason: 'is for the driver "denokv" alone' });
  }
  if (driver !== "postgres" && objects !== null) {
    found.push({ path: ["storage", "objects"], reason: 'is for the driver "postgres" alone' });
  }
  const taken = new Map<string, number>();
  for (const [i, listener] of read.listeners.entries()) {
    if (listener.port === 0) continue;
    const at = listener.path ?? `${listener.address} port ${listener.port}`;
    const other = taken.get(at);
    if (other === undefined) taken.set(at, i);
    else found.push({ path: ["listeners", i], reason: `listeners[${other}] is at ${at} already` });
  }
  return found;
}

/** A Deno KV elsewhere is named by its address. */
function isRemote(path: string): boolean {
  return /^https?:\/\//.test(path);
}

function withKeyFile(storage: ReadConfig["storage"], absolute: (path: string, at: string) => string) {
  const { keyFile } = storage.encryption;
  if (keyFile === null) return storage;
  return {
    ...storage,
    encryption: { ...storage.encryption, keyFile: absolute(keyFile, "storage.encryption.keyFile") },
  };
}

function finish(read: ReadConfig, origin: Origin, overrides: readonly Override[]): Config {
  const fromEnvironment = new Set(overrides.map((one) => printPath(one.path)));
  const absolute = (path: string, at: string): string =>
    isAbsolute(path) ? path : resolve(fromEnvironment.has(at) ? origin.cwd : origin.folder, path);
  return {
    hostname: read.hostname,
    dataDir: absolute(read.dataDir, "dataDir"),
    listeners: read.listeners.map((listener, i) =>
      listener.path === undefined ? listener : { ...listener, path: absolute(listener.path, `listeners[${i}].path`) }
    ),
    tls: {
      certificates: read.tls.certificates.map(({ certFile, keyFile }, i) => ({
        certFile: absolute(certFile, `tls.certificates[${i}].certFile`),
        keyFile: absolute(keyFile, `tls.certificates[${i}].keyFile`),
      })),
      clientAuthorities: read.tls.clientAuthorities.map((file, i) => absolute(file, `tls.clientAuthorities[${i}]`)),
    },
    oauth: read.oauth,
    auth: read.auth,
    imap: read.imap,
    storage: {
      ...withKeyFile(read.storage, absolute),
      path: read.storage.path &&
        (isRemote(read.storage.path) ? read.storage.path : absolute(read.storage.path, "storage.path")),
      objects: read.storage.objects && {
        ...read.storage.objects,
        ca: read.storage.objects.ca && absolute(read.storage.objects.ca, "storage.objects.ca"),
      },
    },
    dns: read.dns,
    authentication: read.authentication,
    mtaSts: read.mtaSts,
    forwarding: read.forwarding,
    dmarcReports: read.dmarcReports,
    readReports: read.readReports,
    delivery: read.delivery,
    outbound: withPaths(read.outbound, absolute),
    tlsReports: read.tlsReports,
    limits: read.limits,
    retention: read.retention,
    quota: read.quota,
    abuse: read.abuse,
    milters: read.milters.map((milter, i) =>
      milter.path === undefined ? milter : { ...milter, path: absolute(milter.path, `milters[${i}].path`) }
    ),
    jmap: {
      ...read.jmap,
      push: { ...read.jmap.push, ca: read.jmap.push.ca && absolute(read.jmap.push.ca, "jmap.push.ca") },
    },
    sieve: {
      ...read.sieve,
      before: read.sieve.before.map((file, i) => absolute(file, `sieve.before[${i}]`)),
      after: read.sieve.after.map((file, i) => absolute(file, `sieve.after[${i}]`)),
      global: read.sieve.global.map((file, i) => absolute(file, `sieve.global[${i}]`)),
      domains: new Map(
        [...read.sieve.domains].map(([domain, files]) => [
          domain,
          files.map((file, i) => absolute(file, `sieve.domains.${domain}[${i}]`)),
        ]),
      ),
    },
    webhooks: { ...read.webhooks, ca: read.webhooks.ca && absolute(read.webhooks.ca, "webhooks.ca") },
    proxies: read.proxies,
    http: read.http,
    admin: read.admin,
    log: read.log,
    demo: "demo" in read ? read.demo as DemoConfig : null,
  };
}

function withPaths(outbound: OutboundConfig, absolute: (path: string, at: string) => string): OutboundConfig {
  const one = (relay: RelayConfig, at: string): RelayConfig =>
    relay.ca === null ? relay : { ...relay, ca: absolute(relay.ca, `${at}.ca`) };
  const all = (routes: ReadonlyMap<string, RelayConfig>, at: string) =>
    new Map([...routes].map(([domain, relay]) => [domain, one(relay, `${at}.${domain}`)]));
  return {
    ...outbound,
    ca: outbound.ca && absolute(outbound.ca, "outbound.ca"),
    relay: outbound.relay && one(outbound.relay, "outbound.relay"),
    routes: all(outbound.routes, "outbound.routes"),
    senderRoutes: all(outbound.senderRoutes, "outbound.senderRoutes"),
  };
}

function readTextFile(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
