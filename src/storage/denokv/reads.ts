/** Reading: over what is known, and then one question whether it still holds, shared by all that read at the same time. */
import { setTimeout as sleep } from "node:timers/promises";
import { toEnd } from "../engine/replay.ts";
import { StorageError } from "../storage.ts";
import type { Commits } from "./commits.ts";
import type { Loads } from "./loads.ts";
import type { KvTables } from "./mail_tables.ts";
import type { Scopes } from "./scopes.ts";
import { type Missing, View } from "./view.ts";

const ATTEMPTS = 40;

export interface ReadParts {
  readonly scopes: Scopes;
  readonly loads: Loads;
  readonly commits: Commits;
  readonly tables: (view: View) => KvTables;
}

export class Reads {
  readonly #parts: ReadParts;

  constructor(parts: ReadParts) {
    this.#parts = parts;
  }

  async perform<R>(run: (tables: KvTables) => R): Promise<R> {
    const { scopes, loads } = this.#parts;
    await Promise.resolve();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 4) await sleep(Math.random() * 10 * attempt);
      const view = new View(scopes, null, loads.free);
      const tables = this.#parts.tables(view);
      let outcome: () => R;
      try {
        const value = await toEnd(() => {
          tables.restart();
          return run(tables);
        }, (missing) => loads.get(missing as Missing, view));
        outcome = () => value;
      } catch (error) {
        outcome = () => {
          throw error;
        };
      }
      if (await this.#holds(view.own.base)) return outcome();
    }
    throw new StorageError("unavailable", "others write to the same mail all the time: try again later");
  }

  async #holds(base: ReadonlyMap<string, string | null>): Promise<boolean> {
    const { scopes, loads, commits } = this.#parts;
    if (base.size === 0) return true;
    const versions = await loads.versions(new Set(base.keys()));
    const changed = [...base].filter(([name, version]) => versions.get(name) !== version);
    const now = Date.now();
    if (changed.length === 0) {
      for (const name of base.keys()) scopes.of(name).usedAt = now;
      return true;
    }
    // A commit of our own may have just come through: what is known is as new then.
    await commits.settled();
    for (const [name] of changed) if (scopes.of(name).generation !== versions.get(name)) scopes.drop(name);
    return false;
  }
}
