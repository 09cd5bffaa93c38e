/** Who may bring mail by HTTP: records of kind `inboundSource`. A token names its record; its hash is kept. */
import { randomBytes } from "node:crypto";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest, equalSecretBytes } from "../../base/hash.ts";
import type { Secret } from "../../base/secret.ts";
import type { InboundRefused, InboundSettings, InboundSource } from "../../http/inbound_desk.ts";
import type { Storage } from "../../storage/storage.ts";

interface Kept extends InboundSource {
  /** SHA-256, hexadecimal. */
  readonly hash: string;
}

export interface SourceBookParts {
  readonly storage: Pick<Storage, "perform">;
  readonly now: () => number;
}

type WithToken = { readonly source: InboundSource; readonly token: string };

const KIND = "inboundSource";
const PREFIX = "palomar_in_";
const MOST = 500;
const TRIES = 5;
const USED_EVERY_MS = 6 * 3600_000;

export class SourceBook {
  readonly #storage: SourceBookParts["storage"];
  readonly #now: () => number;

  constructor({ storage, now }: SourceBookParts) {
    this.#storage = storage;
    this.#now = now;
  }

  async list(): Promise<readonly InboundSource[]> {
    const found = await this.#storage.perform("record.list", { kind: KIND, now: this.#now(), limit: MOST });
    return found.map(({ value }) => shown(JSON.parse(value) as Kept));
  }

  async get(id: string): Promise<InboundSource | null> {
    const found = await this.#record(id);
    return found && shown(found.kept);
  }

  async add(settings: InboundSettings): Promise<WithToken | InboundRefused> {
    if ((await this.list()).length >= MOST) return { refused: "tooMany", text: `There are ${MOST} sources already.` };
    const id = BigInt("0x" + randomBytes(8).toString("hex")).toString(36);
    const token = tokenOf(id);
    const source: InboundSource = { ...settings, id, createdAt: this.#now(), lastUsedAt: null };
    await this.#put({ ...source, hash: hashOf(token) }, null);
    return { source, token };
  }

  async change(id: string, update: (source: Kept) => Kept): Promise<InboundSource | null> {
    for (let i = 0; i < TRIES; i++) {
      const found = await this.#record(id);
      if (!found) return null;
      const changed = update(found.kept);
      if (await this.#put(changed, found.version)) return shown(changed);
    }
    return null;
  }

  async rotate(id: string): Promise<WithToken | null> {
    const token = tokenOf(id);
    const source = await this.change(id, (one) => ({ ...one, hash: hashOf(token) }));
    return source && { source, token };
  }

  remove(id: string): Promise<boolean> {
    return isId(id) ? this.#storage.perform("record.remove", { kind: KIND, key: id }) : Promise.resolve(false);
  }

  /** Hashes are compared, so time tells nothing of a token. */
  async find(token: Secret): Promise<InboundSource | null> {
    const text = token.reveal();
    if (!text.startsWith(PREFIX) || text.length > 200) return null;
    const id = text.slice(PREFIX.length, text.indexOf("_", PREFIX.length));
    const found = await this.#record(id);
    if (!found || !equalSecretBytes(utf8Bytes(found.kept.hash), utf8Bytes(hashOf(text)))) return null;
    if (!found.kept.enabled) return null;
    const now = this.#now();
    if (now - (found.kept.lastUsedAt ?? 0) > USED_EVERY_MS) {
      await this.change(id, (one) => ({ ...one, lastUsedAt: now }));
    }
    return shown(found.kept);
  }

  async #record(id: string): Promise<{ readonly kept: Kept; readonly version: number } | null> {
    if (!isId(id)) return null;
    const found = await this.#storage.perform("record.get", { kind: KIND, key: id, now: this.#now() });
    return found && { kept: JSON.parse(found.value) as Kept, version: found.version };
  }

  async #put(kept: Kept, ifVersion: number | null): Promise<boolean> {
    const value = JSON.stringify(kept);
    const now = this.#now();
    const answer = await this.#storage.perform("record.put", { kind: KIND, key: kept.id, value, now, ifVersion });
    return !("refused" in answer);
  }
}

function shown({ hash: _, ...source }: Kept): InboundSource {
  return source;
}

function isId(id: string): boolean {
  return /^[a-z0-9]{1,30}$/.test(id);
}

/** 192 bits: nobody guesses it, so a plain hash is enough to keep. */
function tokenOf(id: string): string {
  return `${PREFIX}${id}_${randomBytes(24).toString("base64url")}`;
}

function hashOf(token: string): string {
  return digest("sha256", utf8Bytes(token)).toHex();
}
