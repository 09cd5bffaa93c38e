/** MTA-STS policies among the store's settings, so that a restart does not forget one that enforces. Bounded in number. */
import { parseStsPolicy, type StsMemory } from "../../mailauth/mta_sts/mod.ts";
import type { Storage } from "../../storage/storage.ts";

type Known = NonNullable<StsMemory["known"]>;

/** Domains, and octets of one policy; a larger one is remembered as long as the process runs. */
const MOST = 1000;
const MOST_OCTETS = 16 * 1024;
/** The domains that are stored, the eldest first. */
const INDEX = "mta-sts";

const nameOf = (domain: string): string => `${INDEX} ${domain}`;

/** A policy as text: the file's own form, which has a parser with bounds. */
export function writeStored({ id, policy, fetchedAt }: Known): string | null {
  const mx = policy.mx.map((name) => `mx: ${name}\n`).join("");
  const file = `version: STSv1\nmode: ${policy.mode}\n${mx}max_age: ${policy.maxAge}\n`;
  return file.length > MOST_OCTETS ? null : JSON.stringify({ id, fetchedAt, file });
}

/** What was written, or null: nothing, or nothing that can be read. */
export function readStored(text: string | null): Known | null {
  try {
    const { id, fetchedAt, file } = JSON.parse(text ?? "null") ?? {};
    const policy = typeof file === "string" ? parseStsPolicy(file) : null;
    return policy && typeof id === "string" && Number.isSafeInteger(fetchedAt) ? { id, policy, fetchedAt } : null;
  } catch {
    return null;
  }
}

export class StoredPolicies {
  readonly #storage: Storage;
  readonly #trouble: (error: unknown) => void;
  #writing: Promise<void> = Promise.resolve();

  constructor(storage: Storage, trouble: (error: unknown) => void) {
    this.#storage = storage;
    this.#trouble = trouble;
  }

  read(domain: string): Promise<string | null> {
    return this.#get(nameOf(domain));
  }

  /** Behind the caller's back, one after the other; null takes it away. */
  write(domain: string, value: string | null): void {
    this.#writing = this.#writing.then(() => this.#write(domain, value)).catch(this.#trouble);
  }

  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(domain: string, value: string | null): Promise<void> {
    if (value !== null) await this.#set(nameOf(domain), value);
    for (const gone of await this.#list(domain, value !== null)) await this.#set(nameOf(gone), null);
  }

  /** Puts the domain into the list or takes it out; answers whose policies go. Another process may write meanwhile. */
  async #list(domain: string, put: boolean): Promise<readonly string[]> {
    for (;;) {
      const before = await this.#get(INDEX);
      const domains = listOf(before);
      const others = domains.filter((other) => other !== domain);
      if (!put && others.length === domains.length) return [];
      const gone = put ? others.splice(0, Math.max(0, others.length + 1 - MOST)) : [domain];
      const value = JSON.stringify(put ? [...others, domain] : others);
      if ((await this.#storage.perform("setting.change", { name: INDEX, before, value })).changed) return gone;
    }
  }

  async #set(name: string, value: string | null): Promise<void> {
    const before = await this.#get(name);
    await this.#storage.perform("setting.change", { name, before, value });
  }

  #get(name: string): Promise<string | null> {
    return this.#storage.perform("setting.get", { name });
  }
}

function listOf(text: string | null): string[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.filter((domain) => typeof domain === "string") : [];
  } catch {
    return [];
  }
}
