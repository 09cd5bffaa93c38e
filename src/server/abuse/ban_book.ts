/** Bans that outlive the process: kept in memory for the doors, and as one setting of the store. */
import { type Ban, type BanRules, Bans } from "../../abuse/mod.ts";
import type { AnswerOf, Args, StorageOp } from "../../contract/mod.ts";
import type { BanDesk } from "../../http/ban_desk.ts";

const SETTING = "abuse.bans";

export interface BanBookParts {
  readonly perform: <K extends StorageOp>(op: K, args: Args<K>) => Promise<AnswerOf<K>>;
  readonly rules: BanRules;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Told where the store did not take them: they hold until the process ends. */
  readonly failed: (error: unknown) => void;
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
    if (this.#stored !== null) this.bans.restore(readRows(this.#stored), this.#parts.now());
    return this;
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
        await this.#store(JSON.stringify(this.list()));
      } catch (error) {
        this.#parts.failed(error);
      }
    } while (this.#again);
  }

  /** What stands in the store is what this process wrote or read last, or it is overwritten all the same. */
  async #store(value: string): Promise<void> {
    const { perform } = this.#parts;
    let done = await perform("setting.change", { name: SETTING, before: this.#stored, value });
    if (!done.changed) {
      const before = await perform("setting.get", { name: SETTING });
      done = await perform("setting.change", { name: SETTING, before, value });
    }
    if (done.changed) this.#stored = value;
  }
}

function readRows(text: string): readonly unknown[] {
  try {
    const rows = JSON.parse(text) as unknown;
    return Array.isArray(rows) ? rows : [];
  } catch {
    return [];
  }
}
