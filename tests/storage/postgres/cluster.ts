/**
 * A PostgreSQL of the distribution for tests: made in a temporary folder, reached by a UNIX socket, run by somebody without
 * rights, gone at the end. It syncs nothing: what is tested is not the disk.
 */
import { join } from "node:path";
import { openPostgres, type PostgresOptions } from "../../../src/storage/postgres/mod.ts";
import { parseDatabaseUrl } from "../../../src/storage/postgres/wire/address.ts";
import { connect, type Connection } from "../../../src/storage/postgres/wire/connection.ts";
import { migrate } from "../../../src/storage/postgres/schema.ts";
import type { Open } from "../scene.ts";

/** Debian's, the newest first. */
function binaries(): string | null {
  const root = "/usr/lib/postgresql";
  try {
    const versions = [...Deno.readDirSync(root)].map(({ name }) => name).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(root, version, "bin")).find((folder) => isThere(join(folder, "initdb"))) ??
      null;
  } catch {
    return null;
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Why there is none, for the tests that are left out. */
export const MISSING = "PostgreSQL is not installed (apt-get install postgresql)";

export interface Cluster {
  /** The folder of its socket. */
  readonly folder: string;
  /** The URL of a database, made where it is not there. */
  database(name: string): Promise<string>;
  start(): void;
  /** `immediate`: as if it crashed. */
  stop(mode?: "fast" | "immediate"): void;
  /** Takes the settings for granted that are given, from its next start on. */
  set(settings: readonly string[]): void;
  /** A copy that follows this one, in a folder of its own; `promote` ends that. Same users and databases. */
  standby(settings: readonly string[]): Cluster & { promote(): void };
  /** Ends it for good. */
  remove(): void;
}

/** Starts one; null where there are no binaries. `settings` as `name=value`; `dir`: the folder for its folder. */
export function startCluster(settings: readonly string[] = [], dir?: string): Cluster | null {
  const bin = binaries();
  return bin === null ? null : clusterIn(bin, settings, dir, null);
}

/** Who runs servers here, and how. */
export const DATABASE_USER = (): string => Deno.uid() === 0 ? userOf("postgres") ?? userOf("nobody")! : "";

function clusterIn(
  bin: string,
  settings: readonly string[],
  dir: string | undefined,
  primary: string | null,
): Cluster & { promote(): void } {
  const folder = Deno.makeTempDirSync({ prefix: "palomar-pg-", ...(dir && { dir }) });
  const asRoot = Deno.uid() === 0;
  const uid = DATABASE_USER();
  if (asRoot) {
    Deno.chmodSync(folder, 0o755);
    run(["chown", uid, folder], false);
  }
  const data = join(folder, "data");
  const become = asRoot ? ["setpriv", `--reuid=${uid}`, "--clear-groups", "--"] : [];
  const pg = (program: string, ...args: string[]) => run([...become, join(bin, program), ...args], true, folder);
  if (primary !== null) pg("pg_basebackup", "-D", data, "-d", primary, "-R", "-X", "stream", "-c", "fast", "-N");
  else pg("initdb", "-D", data, "-U", "palomar", "--auth=trust", "-E", "UTF8", "--locale=C", "-N");
  const options = [
    `unix_socket_directories=${folder}`,
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=100",
    "shared_buffers=32MB",
    "autovacuum_naptime=1d",
    ...settings,
  ];
  const cluster: Cluster & { promote(): void } = {
    folder,
    start: () => {
      const args = [
        "-D",
        data,
        "-o",
        options.map((one) => `-c ${one}`).join(" "),
        "-l",
        join(folder, "log"),
        "-w",
        "start",
      ];
      pg("pg_ctl", ...args);
    },
    stop: (mode = "fast") => pg("pg_ctl", "-D", data, "-m", mode, "-w", "stop"),
    set: (more) => void options.push(...more),
    standby: (more) => {
      const source = `host=${folder} port=${port} user=palomar application_name=standby`;
      return clusterIn(bin, [...settings, ...more], dir, source);
    },
    promote: () => pg("pg_ctl", "-D", data, "-w", "promote"),
    remove: () => {
      try {
        cluster.stop("immediate");
      } catch {
        // It was stopped before.
      }
      Deno.removeSync(folder, { recursive: true });
    },
    database: async (name) => {
      const connection = await reach(urlOf("postgres"));
      try {
        const [found] = await connection.exchange([{
          sql: "select 1 from pg_database where datname = ?t",
          values: [name],
        }]);
        if (found!.rows.length === 0) {
          await connection.exchange([{ sql: `create database ${name}`, values: [], once: true }]);
        }
      } finally {
        connection.close();
      }
      return urlOf(name);
    },
  };
  const port = settings.find((one) => one.startsWith("port="))?.slice(5) ?? "5432";
  const urlOf = (name: string) => `postgres://palomar@localhost:${port}/${name}?host=${encodeURIComponent(folder)}`;
  cluster.start();
  return cluster;
}

/** A connection of a test's own. */
export async function reach(url: string): Promise<Connection> {
  const address = parseDatabaseUrl(url);
  if (typeof address === "string") throw new Error(address);
  return await connect(address);
}

/** Takes everything out of a database, tables and sequences excepted: quicker than making another. */
export async function wipe(connection: Connection): Promise<void> {
  await migrate(connection);
  const [tables, sequences] = await connection.exchange([
    {
      sql: "select tablename::text from pg_tables where schemaname = 'public' and tablename <> 'palomar_schema'",
      values: [],
    },
    { sql: "select sequencename::text from pg_sequences where schemaname = 'public'", values: [] },
  ]);
  await connection.exchange([
    { sql: "begin", values: [] },
    ...tables!.rows.map(([name]) => ({ sql: `delete from "${name}"`, values: [] })),
    ...sequences!.rows.map(([name]) => ({ sql: `alter sequence "${name}" restart`, values: [] })),
    { sql: "commit", values: [] },
  ]);
}

/** A database and a connection to it that empties it: each call gives a store with nothing in it. */
export async function emptyStores(
  url: string,
  more: Partial<PostgresOptions> | (() => Partial<PostgresOptions>) = {},
): Promise<Open> {
  let connection = await reach(url);
  return async (options) => {
    if (!connection.isOpen) connection = await reach(url); // a test has stopped the server
    await wipe(connection);
    return await openPostgres({ url, connections: 4, ...(typeof more === "function" ? more() : more), ...options });
  };
}

function userOf(name: string): string | null {
  const line = Deno.readTextFileSync("/etc/passwd").split("\n").find((one) => one.startsWith(name + ":"));
  return line?.split(":")[2] ?? null;
}

function run([program, ...args]: readonly string[], speaks: boolean, cwd = "/"): void {
  // Its output goes nowhere: a server that keeps a pipe open would be waited for.
  const { success, code } = new Deno.Command(program!, {
    args: [...args],
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: speaks ? "inherit" : "null",
  }).outputSync();
  if (!success) throw new Error(`${program} ${args[0]} ended with ${code}`);
}
