/**
 * Bans that outlive the process: kept in memory for the doors, and as one setting of the store, where other servers on
 * the same store read them. Two that change it at once both have their way: what is written is what both know.
 */
import { type Ban, type BanRules, Bans } from "../../abuse/mod.ts";
import type { AnswerOf, Args, StorageOp } from "../../contract/mod.ts";
import type { BanDesk } from "../../http/ban_desk.ts";

const SETTING = "abuse.bans";
const ATTEMPTS = 8;

export interface BanBookParts {
  readonly perform: <K extends StorageOp>(op: K, args: Args<K>) => Promise<AnswerOf<K>>;
  readonly rules: BanRules;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Told where the store did not take them: they hold until the process ends. */
  readonly failed: (error: unknown) => void;
  /** Told when bans of another server came in. */
  readonly arrived?: () => void;
  /** Told what a person changed. */
  readonly changed?: (what: "added" | "removed", network: string, reason: string | null) => void;
}

export class BanBook implements BanDesk {
  readonly bans: Bans;
  readonly #parts: BanBookParts;
  #saving: Promise<void> | null = null;
  #again = false;
  #stored: string | null = null;

  constructor(parts: BanBookParts) {
    this.#parts = parts;
    this.bans = new Bans(parts.rules);
  }

  /** Reads what was stored; once, before anybody asks. */
  async load(): Promise<this> {
    this.#stored = await this.#parts.perform("setting.get", { name: SETTING });
    if (this.#stored !== null) this.bans.restore(readRows(this.#stored) ?? [], this.#parts.now());
    return this;
  }

  /** Takes over what other servers banned and lifted since. Never rejects. */
  async sync(): Promise<void> {
    try {
      this.#merge(await this.#parts.perform("setting.get", { name: SETTING }));
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  list(): readonly Ban[] {
    return this.bans.list(this.#parts.now());
  }

  async add(network: string, reason: string, forMs: number | null): Promise<Ban | { refused: "invalid" | "full" }> {
    const ban = this.bans.byHand(network, reason, forMs, this.#parts.now());
    if ("refused" in ban) return ban;
    this.#parts.changed?.("added", ban.network, ban.reason);
    await this.save();
    return ban;
  }

  async remove(network: string): Promise<boolean> {
    if (!this.bans.lift(network)) return false;
    this.#parts.changed?.("removed", network, null);
    await this.save();
    return true;
  }

  /** Stores all of them. Calls that come while one write is under way become one more. */
  save(): Promise<void> {
    if (this.#saving) {
      this.#again = true;
      return this.#saving;
    }
    return this.#saving = this.#write().finally(() => this.#saving = null);
  }

  async #write(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#store();
      } catch (error) {
        this.#parts.failed(error);
      }
    } while (this.#again);
  }

  async #store(): Promise<void> {
    const { perform } = this.#parts;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const value = JSON.stringify(this.list());
      if ((await perform("setting.change", { name: SETTING, before: this.#stored, value })).changed) {
        this.#stored = value;
        return;
      }
      this.#merge(await perform("setting.get", { name: SETTING }));
    }
    throw new Error("others change the bans at the same time");
  }

  /** What others added to the last known state is added here, what they took out of it is lifted. */
  #merge(text: string | null): void {
    if (text === this.#stored) return;
    const before = new Set(this.#stored === null ? [] : (readRows(this.#stored) ?? []).map(networkOf));
    const rows = text === null ? [] : readRows(text);
    if (rows === null) return void (this.#stored = text); // rubbish: it is overwritten
    const after = new Set(rows.map(networkOf));
    const added = rows.filter((row) => !before.has(networkOf(row)));
    for (const network of before) if (network !== null && !after.has(network)) this.bans.lift(network);
    this.bans.restore(added, this.#parts.now());
    this.#stored = text;
    if (added.length > 0) this.#parts.arrived?.();
  }
}

function networkOf(row: unknown): string | null {
  const network = (row as { network?: unknown } | null)?.network;
  return typeof network === "string" ? network : null;
}

function readRows(text: string): readonly unknown[] | null {
  try {
    const rows = JSON.parse(text) as unknown;
    return Array.isArray(rows) ? rows : null;
  } catch {
    return null;
  }
}
