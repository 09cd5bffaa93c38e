/**
 * The DKIM keys of every domain: making, publishing, signing with and retiring them.
 *
 * A rotation overlaps: new keys wait until their records are in the DNS, then they sign and the old ones retire, whose
 * records stay as long as signed mail is under way. At no time does mail leave with a signature that nobody can verify.
 *
 * Rules: every change is a compare-and-set of the domain's whole setting. Private keys leave this folder only as
 * `DkimSigningKey`, which shows nothing. Nothing here logs.
 */
import type { DirectoryRefused, DnsAnswer, DnsType } from "../../contract/mod.ts";
import type { DkimActivation, DkimAdmin, DkimKeyInfo } from "../../http/deps.ts";
import { DkimSigningKey } from "../../mailauth/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import { type DkimKeyKind, type GeneratedDkimKey, generateDkimKey } from "../dkim_keys.ts";
import { prepareApart } from "./sign_apart.ts";
import { type DkimLookup, lookUpKey } from "./look_up.ts";
import { printKeys, readKeys, recordName, settingName, type StoredDkimKeys, withNewKeys } from "./stored_keys.ts";

export interface DkimKeysParts {
  readonly storage: Pick<Storage, "perform">;
  readonly resolve: (name: string, type: DnsType) => Promise<DnsAnswer>;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** May have keys too, though it need not be a domain of ours: it signs reports. */
  readonly hostname: string;
  /** In place of real keys, which take their time. */
  readonly makeKey?: (kind: DkimKeyKind) => Promise<GeneratedDkimKey>;
}

/** A domain whose waiting keys were tried. */
export interface TriedDomain {
  readonly domain: string;
  readonly activation: DkimActivation | DirectoryRefused;
}

/** Another process on the same store may have changed keys; this one learns of it so late. */
const CACHE_MS = 60_000;
const CACHED_DOMAINS = 1000;
const TRIES = 5;
const KINDS: readonly DkimKeyKind[] = ["rsa", "ed25519"];

type Changed = StoredDkimKeys | DirectoryRefused;

export class DkimKeys implements DkimAdmin {
  readonly #parts: DkimKeysParts;
  readonly #makeKey: NonNullable<DkimKeysParts["makeKey"]>;
  readonly #cache = new Map<string, { readonly until: number; readonly keys: Promise<readonly DkimSigningKey[]> }>();

  constructor(parts: DkimKeysParts) {
    this.#parts = parts;
    this.#makeKey = parts.makeKey ?? generateDkimKey;
  }

  /** The keys that sign for a domain, kept in memory for a minute. */
  signing(domain: string): Promise<readonly DkimSigningKey[]> {
    const now = this.#parts.now();
    const cached = this.#cache.get(domain);
    if (cached && now < cached.until && now > cached.until - 2 * CACHE_MS) return cached.keys;
    if (this.#cache.size >= CACHED_DOMAINS) this.#cache.clear();
    const keys = this.#read(domain).then(({ stored }) => signingKeys(domain, stored));
    this.#cache.set(domain, { until: now + CACHE_MS, keys });
    keys.catch(() => this.#cache.delete(domain));
    return keys;
  }

  async list(domain: string): Promise<readonly DkimKeyInfo[]> {
    return infos(domain, (await this.#read(domain)).stored);
  }

  async begin(domain: string): Promise<readonly DkimKeyInfo[]> {
    const fresh = await this.#fresh();
    const changed = await this.#change(domain, (stored, had) => {
      return had ? stored : withNewKeys(stored, fresh, "active", this.#parts.now()) ?? stored;
    });
    return "refused" in changed ? [] : infos(domain, changed);
  }

  async rotate(domain: string): Promise<readonly DkimKeyInfo[] | DirectoryRefused> {
    const foreign = await this.#refuseForeign(domain);
    if (foreign) return foreign;
    const fresh = await this.#fresh();
    const changed = await this.#change(domain, (stored): Changed => {
      const waiting = stored.keys.filter(({ state }) => state === "waiting").map(({ selector }) => selector);
      if (waiting.length > 0) {
        return refuse("exists", `${waiting.join(" and ")} wait already; activate or remove them first`);
      }
      return withNewKeys(stored, fresh, "waiting", this.#parts.now()) ??
        refuse("invalid", `${domain} has too many keys; remove retired ones first`);
    });
    return "refused" in changed ? changed : infos(domain, changed);
  }

  async activate(domain: string, force: boolean): Promise<DkimActivation | DirectoryRefused> {
    const { stored } = await this.#read(domain);
    const waiting = stored.keys.filter(({ state }) => state === "waiting");
    if (waiting.length === 0) return refuse("notFound", `no key of ${domain} waits`);
    const lookups: readonly DkimLookup[] = await Promise.all(
      waiting.map((key) => lookUpKey(domain, key, this.#parts.resolve)),
    );
    // All or none: whoever sees both signatures must be able to verify both.
    if (!force && lookups.some(({ status }) => status !== "ok")) {
      return { activated: [], lookups, keys: infos(domain, stored) };
    }
    const activated = waiting.map(({ selector }) => selector);
    const changed = await this.#change(domain, (stored) => activate(stored, activated, this.#parts.now()));
    return "refused" in changed ? changed : { activated, lookups, keys: infos(domain, changed) };
  }

  async remove(domain: string, selector: string, force: boolean): Promise<{ removed: true } | DirectoryRefused> {
    const changed = await this.#change(domain, (stored): Changed => {
      const key = stored.keys.find((one) => one.selector === selector);
      if (!key) return refuse("notFound", `${domain} has no key ${selector}`);
      if (key.state === "active" && !force) {
        return refuse("inUse", `${selector} signs the mail of ${domain}; rotate first, or force it`);
      }
      return { ...stored, keys: stored.keys.filter((one) => one !== key) };
    });
    return "refused" in changed ? changed : { removed: true };
  }

  async forget(domain: string): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { text } = await this.#read(domain).catch(async () => ({ text: await this.#text(domain) }));
      if (await this.#write(domain, text, null)) return;
    }
    throw new Error(`the DKIM keys of ${domain} change all the time`);
  }

  /** Activates the waiting keys of all domains whose records are there; one entry for each domain with such keys. */
  async activateWaiting(): Promise<readonly TriedDomain[]> {
    const tried: TriedDomain[] = [];
    const domains = (await this.#parts.storage.perform("domain.list", {})).map(({ name }) => name);
    for (const domain of new Set([...domains, this.#parts.hostname])) {
      const { stored } = await this.#read(domain);
      if (!stored.keys.some(({ state }) => state === "waiting")) continue;
      tried.push({ domain, activation: await this.activate(domain, false) });
    }
    return tried;
  }

  async #refuseForeign(domain: string): Promise<DirectoryRefused | null> {
    if (domain === this.#parts.hostname) return null;
    const found = (await this.#parts.storage.perform("domain.list", {})).some(({ name }) => name === domain);
    return found ? null : refuse("notFound", `there is no domain ${domain} here`);
  }

  async #fresh() {
    return await Promise.all(
      KINDS.map(async (algorithm) => ({ algorithm, ...await this.#makeKey(algorithm) })),
    );
  }

  #text(domain: string): Promise<string | null> {
    return this.#parts.storage.perform("setting.get", { name: settingName(domain) });
  }

  async #read(domain: string): Promise<{ readonly text: string | null; readonly stored: StoredDkimKeys }> {
    const text = await this.#text(domain);
    return { text, stored: readKeys(text, domain) };
  }

  /** Changes what is stored, again where somebody else was quicker. */
  async #change(domain: string, change: (stored: StoredDkimKeys, had: boolean) => Changed): Promise<Changed> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { text, stored } = await this.#read(domain);
      const changed = change(stored, text !== null);
      if ("refused" in changed || changed === stored) return changed;
      if (await this.#write(domain, text, printKeys(changed))) return changed;
    }
    throw new Error(`the DKIM keys of ${domain} change all the time`);
  }

  async #write(domain: string, before: string | null, value: string | null): Promise<boolean> {
    const args = { name: settingName(domain), before, value };
    const { changed } = await this.#parts.storage.perform("setting.change", args);
    this.#cache.delete(domain);
    return changed;
  }
}

function activate(stored: StoredDkimKeys, selectors: readonly string[], now: number): StoredDkimKeys {
  const keys = stored.keys.map((key) => {
    if (key.state === "waiting" && selectors.includes(key.selector)) {
      return { ...key, state: "active" as const, changedAt: now };
    }
    return key.state === "active" ? { ...key, state: "retired" as const, changedAt: now } : key;
  });
  return keys.some(({ state }) => state === "active") ? { ...stored, keys } : stored;
}

function signingKeys(domain: string, { keys }: StoredDkimKeys): Promise<readonly DkimSigningKey[]> {
  const active = keys.filter(({ state }) => state === "active");
  return Promise.all(active.map(async ({ selector, privateKey }) => {
    const key = DkimSigningKey.read({ domain, selector, privateKey });
    if (typeof key === "string") throw new Error(`the DKIM key ${selector} of ${domain} is ${key}`);
    await prepareApart(key, privateKey);
    return key;
  }));
}

function infos(domain: string, { keys }: StoredDkimKeys): readonly DkimKeyInfo[] {
  return keys.map(({ selector, algorithm, state, record, createdAt, changedAt }) => {
    return { selector, algorithm, state, name: recordName(selector, domain), record, createdAt, changedAt };
  });
}

function refuse(refused: DirectoryRefused["refused"], text: string): DirectoryRefused {
  return { refused, text };
}
