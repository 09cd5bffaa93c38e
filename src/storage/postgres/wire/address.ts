/** Where a database is: `postgres://user:password@host:port/database?sslmode=…`, as PostgreSQL's own programs read it. */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { Secret } from "../../../base/secret.ts";

export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";
const SSL_MODES: readonly string[] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

export interface DatabaseAddress {
  /** A name, an address, or (with a slash in front) the folder of a UNIX socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret<string> | null;
  readonly database: string;
  readonly ssl: SslMode;
  /** The authorities that are believed, PEM; null: the system's. */
  readonly authorities: string | null;
}

/** Reads the URL; a text says what is wrong with it, without showing the password. */
export function parseDatabaseUrl(text: string): DatabaseAddress | string {
  let url: URL;
  try {
    url = new URL(text.replace(/^postgres(ql)?:/, "http:").replace(/^(http:\/\/[^/@]*@)\//, "$1localhost/"));
  } catch {
    return "it should look like postgres://user:password@host:5432/database";
  }
  if (!/^postgres(ql)?:\/\//.test(text)) return "it should begin with postgres://";
  const ssl = url.searchParams.get("sslmode") ?? "prefer";
  if (!SSL_MODES.includes(ssl)) return `sslmode should be one of ${SSL_MODES.join(", ")}`;
  for (const name of url.searchParams.keys()) {
    if (name !== "sslmode" && name !== "host" && name !== "sslrootcert") return `the parameter ${name} is not known`;
  }
  const user = decodeURIComponent(url.username) || systemUser();
  const rootFile = url.searchParams.get("sslrootcert");
  let authorities: string | null;
  try {
    authorities = rootFile === null || isPem(rootFile) ? rootFile : readFileSync(rootFile, "utf8");
  } catch (error) {
    return `sslrootcert cannot be read: ${(error as Error).message}`;
  }
  return {
    host: (url.searchParams.get("host") ?? decodeURIComponent(url.hostname).replace(/^\[|\]$/g, "")) || "localhost",
    port: url.port === "" ? 5432 : Number(url.port),
    user,
    password: url.password === "" ? null : new Secret(decodeURIComponent(url.password)),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    ssl: ssl as SslMode,
    authorities,
  };
}

/** Where there is no file system, the certificates stand in the URL themselves. */
function isPem(text: string): boolean {
  return text.startsWith("-----BEGIN CERTIFICATE-----");
}

/** Where it is, as people say it: without the password. */
export function placeOf({ host, port, database }: DatabaseAddress): string {
  return `the database ${database} at ${host.startsWith("/") ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`}`;
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return "palomar";
  }
}
