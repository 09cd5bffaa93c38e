/** What is looked up by a name: domains, aliases, tokens, settings. */
import { WHOLE } from "../engine/order.ts";
import type { AliasRow, DomainRow, Part, TokenRow } from "../engine/tables.ts";
import { readAlias, readDomain, readToken } from "./directory_rows.ts";
import type { Statements } from "./statements.ts";

const TOKEN = "select id, account, hash, name, created_at, expires_at, scopes, used_at, used_from from tokens";

export class NameTables {
  readonly sql: Statements;
  /** Our own domains that were asked for: every recipient asks. */
  readonly #domains = new Map<string, DomainRow>();

  constructor(sql: Statements) {
    this.sql = sql;
  }

  /** After a rollback: nothing in memory is true any more. */
  forget(): void {
    this.#domains.clear();
  }

  domain(name: string): DomainRow | null {
    const known = this.#domains.get(name);
    if (known) return known;
    const row = this.sql.get("select name, catch_all, created_at from domains where name = ?", name);
    if (!row) return null;
    const domain = readDomain(row);
    this.#domains.set(name, domain);
    return domain;
  }

  domains(part?: Part): readonly DomainRow[] {
    const columns = "select name, catch_all, created_at from domains";
    const rows = part
      ? this.sql.all(`${columns} where name > ? order by name limit ?`, part.after, part.limit)
      : this.sql.all(`${columns} order by id`);
    return rows.map(readDomain);
  }

  putDomain(row: DomainRow): void {
    this.#domains.delete(row.name);
    this.sql.run(
      "insert into domains (name, catch_all, created_at) values (?, ?, ?) " +
        "on conflict (name) do update set catch_all = excluded.catch_all",
      row.name,
      row.catchAll,
      row.createdAt,
    );
  }

  removeDomain(name: string): void {
    this.#domains.delete(name);
    this.sql.run("delete from domains where name = ?", name);
  }

  alias(address: string): AliasRow | null {
    const row = this.sql.get("select address, targets, created_at from aliases where address = ?", address);
    return row ? readAlias(row) : null;
  }

  aliases(domain: string | null, part: Part = WHOLE): readonly AliasRow[] {
    const columns = "select address, targets, created_at from aliases";
    const { after, limit } = part;
    const rows = domain === null
      ? this.sql.all(`${columns} where address > ? order by address limit ?`, after, limit)
      : this.sql.all(`${columns} where domain = ? and address > ? order by address limit ?`, domain, after, limit);
    return rows.map(readAlias);
  }

  token(hash: string): TokenRow | null {
    const row = this.sql.get(`${TOKEN} where hash = ?`, hash);
    return row ? readToken(row) : null;
  }

  tokens(account: number): readonly TokenRow[] {
    return this.sql.all(`${TOKEN} where account = ? order by id`, account).map(readToken);
  }

  putToken({ id, account, hash, name, createdAt, expiresAt, scopes, usedAt, usedFrom }: TokenRow): void {
    const values = [id, account, hash, name, createdAt, expiresAt, scopes, usedAt, usedFrom];
    this.sql.run("insert or replace into tokens values (?, ?, ?, ?, ?, ?, ?, ?, ?)", ...values);
  }

  removeToken(row: TokenRow): void {
    this.sql.run("delete from tokens where id = ?", row.id);
  }

  putAlias(row: AliasRow): void {
    const { address, targets, createdAt } = row;
    this.sql.run(
      "insert or replace into aliases values (?, ?, ?, ?)",
      address,
      domainPart(address),
      JSON.stringify(targets),
      createdAt,
    );
  }

  removeAlias(address: string): void {
    this.sql.run("delete from aliases where address = ?", address);
  }

  setting(name: string): string | null {
    return this.sql.get("select value from settings where name = ?", name)?.[0] as string | undefined ?? null;
  }

  putSetting(name: string, value: string): void {
    this.sql.run("insert or replace into settings values (?, ?)", name, value);
  }

  removeSetting(name: string): void {
    this.sql.run("delete from settings where name = ?", name);
  }

  senderBehind(key: string): { readonly address: string; readonly until: number } | null {
    const cells = this.sql.get("select address, until from senders where key = ?", key);
    return cells ? { address: cells[0] as string, until: cells[1] as number } : null;
  }

  keepSender(key: string, address: string, until: number): void {
    this.sql.run("insert or replace into senders values (?, ?, ?)", key, address, until);
  }

  forgetSenders(now: number): void {
    this.sql.run("delete from senders where until <= ?", now);
  }
}

export function domainPart(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}
