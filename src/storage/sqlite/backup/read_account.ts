/** An account of a backup without its mail: what brings it back where it does not exist any more. */
import type { Statements } from "../statements.ts";

/** Keys of SCRAM as they are stored; Base64. */
export interface BackupKeys {
  readonly iterations: number;
  readonly salt: string;
  readonly storedKey: string;
  readonly serverKey: string;
}

/** What belongs to an account, in plain values. Times in milliseconds since 1970. */
export interface BackupAccount {
  readonly name: string;
  readonly quota: { readonly bytes: number | null; readonly messages: number | null };
  readonly disabled: boolean;
  readonly shared: boolean;
  readonly credentials: {
    readonly password: string;
    readonly scramSha256: BackupKeys;
    readonly scramSha1: BackupKeys | null;
  };
  readonly tokens: readonly {
    readonly name: string;
    readonly hash: string;
    readonly expiresAt: number | null;
    readonly scopes: readonly string[] | null;
  }[];
  /** Those that lead to it, with all their targets. */
  readonly aliases: readonly { readonly address: string; readonly targets: readonly string[] }[];
  readonly mailboxes: readonly { readonly path: string; readonly role: string | null; readonly subscribed: boolean }[];
  readonly scripts: readonly { readonly name: string; readonly content: string; readonly active: boolean }[];
  /** As the engine keeps it; null: nothing is set. */
  readonly delivery: unknown;
}

/** The account of a row's number. */
export function readAccount(sql: Statements, id: number): BackupAccount {
  const row = sql.get(
    "select address, name, quota_bytes, quota_messages, disabled, shared, credentials from accounts where id = ?",
    id,
  ) as unknown as readonly [string, string, number | null, number | null, number, number, string];
  const [address, name, bytes, messages, disabled, shared, secrets] = row;
  const [password, ...keys] = JSON.parse(secrets) as [string, ...(string | number)[]];
  const subscribed = new Set(sql.all("select path from subscriptions where account = ?", id).map(([path]) => path));
  const settings = sql.get("select settings from delivery where account = ?", id)?.[0];
  const rows = <R>(query: string, make: (cells: readonly unknown[]) => R): R[] => sql.all(query, id).map(make);
  return {
    name,
    quota: { bytes, messages },
    disabled: disabled !== 0,
    shared: shared !== 0,
    credentials: {
      password,
      scramSha256: keysOf(keys.slice(0, 4)),
      scramSha1: keys.length >= 8 ? keysOf(keys.slice(4, 8)) : null,
    },
    tokens: rows(
      "select name, hash, expires_at, scopes from tokens where account = ? order by id",
      ([name, hash, expiresAt, scopes]) => ({
        name: name as string,
        hash: hash as string,
        expiresAt: expiresAt as number | null,
        scopes: (scopes as string | null)?.split(" ") ?? null,
      }),
    ),
    aliases: sql.all("select address, targets from aliases order by address")
      .map(([alias, targets]) => ({ address: alias as string, targets: JSON.parse(targets as string) as string[] }))
      .filter(({ targets }) => targets.includes(address)),
    mailboxes: rows("select path, role from mailboxes where account = ? order by path", ([path, role]) => ({
      path: path as string,
      role: role as string | null,
      subscribed: subscribed.has(path as string),
    })),
    scripts: rows(
      "select name, content, active from sieve where account = ? order by name",
      ([name, content, active]) => ({
        name: name as string,
        content: content as string,
        active: active !== 0,
      }),
    ),
    delivery: settings === undefined ? null : JSON.parse(settings as string),
  };
}

function keysOf([iterations, salt, storedKey, serverKey]: readonly (string | number)[]): BackupKeys {
  return {
    iterations: iterations as number,
    salt: salt as string,
    storedKey: storedKey as string,
    serverKey: serverKey as string,
  };
}
