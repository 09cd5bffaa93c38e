/** What accounts keep beside mail: annotations, scripts, how they want their mail delivered and what filters remember. */
import type { AccountRow, MailboxRow, MetadataRow, SieveRow } from "../engine/tables.ts";
import { AccountTables } from "./account_tables.ts";
import { type Key, METADATA, name, ofAccount } from "./keys.ts";

const metadataKey = (mailbox: number): Key => [METADATA, "annotations", mailbox];
const seenPrefix = (account: number): Key => [ofAccount(account), "seen", account];
const seenKey = (account: number, key: string): Key => [...seenPrefix(account), name(key)];
const scriptsKey = (account: number): Key => [ofAccount(account), "scripts", account];
const scriptKey = (account: number, script: string): Key => [ofAccount(account), "script", account, name(script)];
const settingsKey = (account: number): Key => [ofAccount(account), "delivery", account];

export class PersonalTables extends AccountTables {
  override removeMailbox(row: MailboxRow): void {
    super.removeMailbox(row);
    this.view.delete(metadataKey(row.id));
  }

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    for (const rows of this.view.values<readonly MetadataRow[]>([METADATA, "annotations"])) {
      const mine = rows.some(({ account }) => account === row.id);
      if (mine) this.#putMetadata(rows[0]!.mailbox, rows.filter(({ account }) => account !== row.id));
    }
    this.clear(seenPrefix(row.id));
    for (const script of this.sieves(row.id)) this.view.delete(scriptKey(row.id, script.name));
    this.view.delete(scriptsKey(row.id));
    this.view.delete(settingsKey(row.id));
  }

  metadata(account: number, mailbox: number): readonly MetadataRow[] {
    return this.metadataOf(mailbox).filter((row) => row.account === account);
  }

  metadataOf(mailbox: number): readonly MetadataRow[] {
    return this.view.get<readonly MetadataRow[]>(metadataKey(mailbox)) ?? [];
  }

  metadataSize(account: number): number {
    let size = 0;
    for (const row of this.view.values<readonly MetadataRow[]>([METADATA, "annotations"]).flat()) {
      if (row.account === account) size += row.entry.length + row.value.length;
    }
    return size;
  }

  putMetadata(row: MetadataRow): void {
    const others = this.metadataOf(row.mailbox).filter((one) => one.account !== row.account || one.entry !== row.entry);
    this.#putMetadata(row.mailbox, [...others, { ...row, value: row.value.slice() }]);
  }

  removeMetadata(account: number, mailbox: number, entry: string): void {
    const left = this.metadataOf(mailbox).filter((row) => row.account !== account || row.entry !== entry);
    this.#putMetadata(mailbox, left);
  }

  #putMetadata(mailbox: number, rows: readonly MetadataRow[]): void {
    if (rows.length > 0) this.view.set(metadataKey(mailbox), rows);
    else this.view.delete(metadataKey(mailbox));
  }

  sieves(account: number): readonly SieveRow[] {
    return this.view.get<readonly SieveRow[]>(scriptsKey(account)) ?? [];
  }

  sieveText(account: number, script: string): string | null {
    return this.view.get(scriptKey(account, script));
  }

  putSieve(row: SieveRow, content: string): void {
    // Looked at, so that it is known how much there was.
    if (this.sieveText(row.account, row.name) !== content) this.view.set(scriptKey(row.account, row.name), content);
    const all = [...this.#others(row.account, row.name), { ...row }].sort((a, b) => a.name < b.name ? -1 : 1);
    this.view.set(scriptsKey(row.account), all);
  }

  removeSieve(account: number, script: string): void {
    if (this.sieveText(account, script) !== null) this.view.delete(scriptKey(account, script));
    this.view.set(scriptsKey(account), this.#others(account, script));
  }

  activateSieve(account: number, script: string | null): void {
    this.view.set(scriptsKey(account), this.sieves(account).map((row) => ({ ...row, active: row.name === script })));
  }

  #others(account: number, script: string): readonly SieveRow[] {
    return this.sieves(account).filter((row) => row.name !== script);
  }

  deliverySettings(account: number): string | null {
    return this.view.get(settingsKey(account));
  }

  putDeliverySettings(account: number, settings: string): void {
    if (this.deliverySettings(account) !== settings) this.view.set(settingsKey(account), settings);
  }

  seenUntil(account: number, key: string): number | null {
    return this.view.get(seenKey(account, key));
  }

  putSeen(account: number, key: string, until: number): void {
    this.view.set(seenKey(account, key), until);
  }

  forgetSeen(account: number, now: number): void {
    for (const { key, value } of this.view.range<number>(seenPrefix(account))) if (value <= now) this.view.delete(key);
  }

  countSeen(account: number): number {
    return this.view.range(seenPrefix(account)).length;
  }

  dropSeen(account: number, count: number): void {
    const soonest = [...this.view.range<number>(seenPrefix(account))].sort((a, b) => a.value - b.value).slice(0, count);
    for (const { key } of soonest) this.view.delete(key);
  }
}
