/** What is looked up by a name: domains, aliases, tokens, settings, senders. */
import { WHOLE } from "../engine/order.ts";
import type { AliasRow, DomainRow, Part, TokenRow } from "../engine/tables.ts";
import { readAlias, readDomain, readToken } from "./directory_rows.ts";
import { isBlocked, type Known, Layer, type Numbered, numbersOf } from "./known.ts";
import type { Replay } from "./replay.ts";
import { rowWrite } from "./writes.ts";

const DOMAIN = "select name, catch_all, created_at from domains";
const ALIAS = "select address, targets, created_at from aliases";
const TOKEN = "select id, account, hash, name, created_at, expires_at, scopes, used_at, used_from from tokens";

const PUT_DOMAIN = rowWrite(
  "domains",
  "tti",
  "insert into domains (name, catch_all, created_at) select * from $rows " +
    "on conflict (name) do update set catch_all = excluded.catch_all",
  1,
);
const REMOVE_DOMAIN = rowWrite("domains", "t", "delete from domains where name in (select * from $rows)");
const PUT_ALIAS = rowWrite(
  "aliases",
  "ttti",
  "insert into aliases select * from $rows on conflict (address) do update " +
    "set targets = excluded.targets, created_at = excluded.created_at",
  1,
);
const REMOVE_ALIAS = rowWrite("aliases", "t", "delete from aliases where address in (select * from $rows)");
const PUT_TOKEN = rowWrite(
  "tokens",
  "iittiitit",
  "insert into tokens select * from $rows on conflict (id) do update set used_at = excluded.used_at, " +
    "used_from = excluded.used_from",
  1,
);
const REMOVE_TOKEN = rowWrite("tokens", "i", "delete from tokens where id in (select * from $rows)");
const PUT_SETTING = rowWrite(
  "settings",
  "tt",
  "insert into settings select * from $rows on conflict (name) do update set value = excluded.value",
  1,
);
const REMOVE_SETTING = rowWrite("settings", "t", "delete from settings where name in (select * from $rows)");
const KEEP_SENDER = rowWrite(
  "senders",
  "tti",
  "insert into senders select * from $rows on conflict (key) do update " +
    "set address = excluded.address, until = excluded.until",
  1,
);
const FORGET_SENDERS = rowWrite("senders", "i", "delete from senders where until <= (select max(u) from $rows as u)");

/** The first to begin anew and to keep: what stands on it follows. */
export class NameTables {
  readonly sql: Replay;
  readonly known: Known;
  readonly #domains: Layer<string, DomainRow | null>;
  readonly #aliases: Layer<string, AliasRow | null>;
  readonly #settings: Layer<string, string | null>;
  readonly #numbers: { readonly number: number; readonly asked: boolean }[] = [];
  #numbered = 0;

  constructor(sql: Replay, known: Known) {
    this.sql = sql;
    this.known = known;
    this.#domains = new Layer(known.domains);
    this.#aliases = new Layer(known.aliases);
    this.#settings = new Layer(known.settings);
  }

  /** The operation is run again. */
  restart(): void {
    this.sql.restart();
    this.#domains.restart();
    this.#aliases.restart();
    this.#settings.restart();
    this.#numbered = 0;
  }

  /** The operation has ended well. */
  keep(): void {
    this.sql.keep();
    this.#domains.keep();
    this.#aliases.keep();
    this.#settings.keep();
  }

  /** Numbers that an operation took it keeps when it is run again. */
  next(sequence: Numbered): number {
    const before = this.#numbers[this.#numbered];
    if (before) {
      this.#numbered++;
      if (before.asked) this.sql.skip();
      return before.number;
    }
    const free = this.known.free(sequence);
    const asked = free.length === 0;
    if (asked) {
      // Twice as many each time, for an operation that needs many. What is counted one by one must ascend.
      const count = isBlocked(sequence) ? 1 : 1 << Math.min(10, this.sql.waits);
      const rows = this.sql.all(nextNumbers(sequence), count);
      free.push(...rows.flatMap(([first]) => numbersOf(sequence, first as number)));
    }
    const number = free.shift()!;
    this.#numbers.push({ number, asked });
    this.#numbered++;
    return number;
  }

  domain(name: string): DomainRow | null {
    let row = this.#domains.get(name);
    if (row !== undefined) return row;
    const cells = this.sql.get(`${DOMAIN} where name = ?t`, name);
    this.#domains.set(name, row = cells ? readDomain(cells) : null);
    return row;
  }

  domains(part?: Part): readonly DomainRow[] {
    const rows = part
      ? this.sql.all(`${DOMAIN} where name > ?t order by name limit ?i`, part.after, part.limit)
      : this.sql.all(`${DOMAIN} order by id`);
    return rows.map(readDomain);
  }

  putDomain(row: DomainRow): void {
    this.sql.write(PUT_DOMAIN, row.name, row.catchAll, row.createdAt);
    this.#domains.set(row.name, row);
  }

  removeDomain(name: string): void {
    this.sql.write(REMOVE_DOMAIN, name);
    this.#domains.set(name, null);
  }

  alias(address: string): AliasRow | null {
    let row = this.#aliases.get(address);
    if (row !== undefined) return row;
    const cells = this.sql.get(`${ALIAS} where address = ?t`, address);
    this.#aliases.set(address, row = cells ? readAlias(cells) : null);
    return row;
  }

  aliases(domain: string | null, { after, limit }: Part = WHOLE): readonly AliasRow[] {
    const rows = domain === null
      ? this.sql.all(`${ALIAS} where address > ?t order by address limit ?i`, after, limit)
      : this.sql.all(`${ALIAS} where domain = ?t and address > ?t order by address limit ?i`, domain, after, limit);
    return rows.map(readAlias);
  }

  putAlias(row: AliasRow): void {
    const { address, targets, createdAt } = row;
    this.sql.write(PUT_ALIAS, address, domainPart(address), JSON.stringify(targets), createdAt);
    this.#aliases.set(address, row);
  }

  removeAlias(address: string): void {
    this.sql.write(REMOVE_ALIAS, address);
    this.#aliases.set(address, null);
  }

  token(hash: string): TokenRow | null {
    const cells = this.sql.get(`${TOKEN} where hash = ?t`, hash);
    return cells ? readToken(cells) : null;
  }

  tokens(account: number): readonly TokenRow[] {
    return this.sql.all(`${TOKEN} where account = ?i order by id`, account).map(readToken);
  }

  putToken({ id, account, hash, name, createdAt, expiresAt, scopes, usedAt, usedFrom }: TokenRow): void {
    this.sql.write(PUT_TOKEN, id, account, hash, name, createdAt, expiresAt, scopes, usedAt, usedFrom);
  }

  removeToken(row: TokenRow): void {
    this.sql.write(REMOVE_TOKEN, row.id);
  }

  setting(name: string): string | null {
    let value = this.#settings.get(name);
    if (value !== undefined) return value;
    value = this.sql.get("select value from settings where name = ?t", name)?.[0] as string | undefined ?? null;
    this.#settings.set(name, value);
    return value;
  }

  putSetting(name: string, value: string): void {
    this.sql.write(PUT_SETTING, name, value);
    this.#settings.set(name, value);
  }

  removeSetting(name: string): void {
    this.sql.write(REMOVE_SETTING, name);
    this.#settings.set(name, null);
  }

  senderBehind(key: string): { readonly address: string; readonly until: number } | null {
    const cells = this.sql.get("select address, until from senders where key = ?t", key);
    return cells ? { address: cells[0] as string, until: cells[1] as number } : null;
  }

  keepSender(key: string, address: string, until: number): void {
    this.sql.write(KEEP_SENDER, key, address, until);
  }

  forgetSenders(now: number): void {
    this.sql.write(FORGET_SENDERS, now);
  }
}

/** The statement that takes numbers from a sequence. */
export function nextNumbers(sequence: Numbered): string {
  return `select nextval('"seq_${sequence}"') from generate_series(1, ?i)`;
}

export function domainPart(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}
