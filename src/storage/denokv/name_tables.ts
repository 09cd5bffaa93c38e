/** What is looked up by a name: domains, aliases, tokens, settings, senders of what was forwarded; and numbers. */
import { byAddress, ofDomain, partBy } from "../engine/order.ts";
import type { AliasRow, DomainRow, Part, Sequence, TokenRow } from "../engine/tables.ts";
import type { TouchedSet } from "../engine/watchers.ts";
import { DIRECTORY, type Key, name, SENDERS } from "./keys.ts";
import type { View } from "./view.ts";

type Touch = (touched: TouchedSet) => void;

export class NameTables {
  readonly view: View;
  /** What the commit will tell. */
  touches: Touch[] = [];

  constructor(view: View) {
    this.view = view;
  }

  /** The operation begins, or begins anew. */
  restart(): void {
    this.view.restart();
    this.touches = [];
  }

  /** The operation has ended: what it changed in place is written. */
  keep(): void {}

  touch(account: number, mailbox: number | null): void {
    this.touches.push((touched) => touched.touch(account, mailbox));
  }

  annotate(account: number, mailbox: number | null, entry: string): void {
    this.touches.push((touched) => touched.annotate(account, mailbox, entry));
  }

  touchQueue(): void {
    this.touches.push((touched) => touched.queue = true);
  }

  next(sequence: Sequence): number {
    if (sequence === "email" || sequence === "queue") return this.view.number(sequence);
    return this.count(sequence);
  }

  /** The next number of a sequence that is counted in the commit itself. */
  protected count(sequence: string): number {
    const key: Key = [DIRECTORY, "next", sequence];
    const next = (this.view.get<number>(key) ?? 0) + 1;
    this.view.set(key, next);
    return next;
  }

  domain(domain: string): DomainRow | null {
    const kept = this.view.get<[number, DomainRow]>([DIRECTORY, "domain", name(domain)]);
    return kept && kept[1];
  }

  domains(part?: Part): readonly DomainRow[] {
    const rows = [...this.view.values<[number, DomainRow]>([DIRECTORY, "domain"])].sort((a, b) => a[0] - b[0])
      .map(([, row]) => row);
    return part ? partBy(rows, ({ name }) => name, part) : rows;
  }

  putDomain(row: DomainRow): void {
    const key: Key = [DIRECTORY, "domain", name(row.name)];
    const place = this.view.get<[number, DomainRow]>(key)?.[0] ?? this.count("domain");
    this.view.set(key, [place, row]);
  }

  removeDomain(domain: string): void {
    this.view.delete([DIRECTORY, "domain", name(domain)]);
  }

  alias(address: string): AliasRow | null {
    return this.view.get([DIRECTORY, "alias", name(address)]);
  }

  aliases(domain: string | null, part?: Part): readonly AliasRow[] {
    const rows = ofDomain(this.view.values<AliasRow>([DIRECTORY, "alias"]), domain).sort(byAddress);
    return part ? partBy(rows, ({ address }) => address, part) : rows;
  }

  putAlias(row: AliasRow): void {
    this.view.set([DIRECTORY, "alias", name(row.address)], row);
  }

  removeAlias(address: string): void {
    this.view.delete([DIRECTORY, "alias", name(address)]);
  }

  token(hash: string): TokenRow | null {
    const row = this.view.get<TokenRow>([DIRECTORY, "token", name(hash)]);
    return row && complete(row);
  }

  tokens(account: number): readonly TokenRow[] {
    return this.view.values<TokenRow>([DIRECTORY, "tokenOf", account]).map(complete);
  }

  putToken(row: TokenRow): void {
    this.view.set([DIRECTORY, "token", name(row.hash)], row);
    this.view.set([DIRECTORY, "tokenOf", row.account, row.id], row);
  }

  removeToken(row: TokenRow): void {
    this.view.delete([DIRECTORY, "token", name(row.hash)]);
    this.view.delete([DIRECTORY, "tokenOf", row.account, row.id]);
  }

  setting(setting: string): string | null {
    return this.view.get([DIRECTORY, "setting", name(setting)]);
  }

  putSetting(setting: string, value: string): void {
    this.view.set([DIRECTORY, "setting", name(setting)], value);
  }

  removeSetting(setting: string): void {
    this.view.delete([DIRECTORY, "setting", name(setting)]);
  }

  senderBehind(key: string): { readonly address: string; readonly until: number } | null {
    return this.view.get([SENDERS, "sender", name(key)]);
  }

  keepSender(key: string, address: string, until: number): void {
    const before = this.senderBehind(key);
    if (before) this.view.delete([SENDERS, "until", before.until, name(key)]);
    this.view.set([SENDERS, "sender", name(key)], { address, until });
    this.view.set([SENDERS, "until", until, name(key)], 1);
  }

  forgetSenders(now: number): void {
    const prefix: Key = [SENDERS, "until"];
    for (const { key } of this.view.range(prefix, { end: [now + 1] })) {
      this.view.delete(key);
      this.view.delete([SENDERS, "sender", key[3]!]);
    }
  }

  /** Everything behind a prefix goes. */
  protected clear(prefix: Key): void {
    for (const { key } of this.view.range(prefix)) this.view.delete(key);
  }
}

/** One of before tokens had scopes. */
function complete(row: TokenRow): TokenRow {
  return { ...row, scopes: row.scopes ?? null, usedAt: row.usedAt ?? null, usedFrom: row.usedFrom ?? null };
}
