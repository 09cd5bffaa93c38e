/** Addresses that messages of `POST /send` are not sent to, by the domain that sent: records of kind `suppressed`. */
import { isAscii, lowerAscii } from "../../base/ascii.ts";
import { encodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import type { Suppression, SuppressionDesk } from "../../http/suppression_desk.ts";
import type { Storage } from "../../storage/storage.ts";

export interface SuppressionParts {
  readonly storage: Pick<Storage, "perform">;
  readonly now: () => number;
}

const KIND = "suppressed";
/** Questions to the store under way at once. */
const AT_ONCE = 50;
const DETAIL = 500;

export class Suppressions implements SuppressionDesk {
  readonly #storage: SuppressionParts["storage"];
  readonly #now: () => number;

  constructor({ storage, now }: SuppressionParts) {
    this.#storage = storage;
    this.#now = now;
  }

  async list(domain: string, after: string | null, limit: number): Promise<readonly Suppression[]> {
    const prefix = prefixOf(domain);
    const found = await this.#storage.perform("record.list", {
      kind: KIND,
      now: this.#now(),
      prefix,
      limit,
      ...(after === null ? {} : { after: keyOf(domain, after) }),
    });
    return found.map(({ value }) => JSON.parse(value) as Suppression);
  }

  async get(domain: string, address: string): Promise<Suppression | null> {
    const found = await this.#storage.perform("record.get", {
      kind: KIND,
      key: keyOf(domain, address),
      now: this.#now(),
    });
    return found && JSON.parse(found.value) as Suppression;
  }

  /** One that is there already stays as it is. */
  async add(given: Omit<Suppression, "at">): Promise<Suppression> {
    const { domain } = given;
    const address = lowerAscii(given.address);
    const one: Suppression = { ...given, address, detail: given.detail.slice(0, DETAIL), at: this.#now() };
    const answer = await this.#storage.perform("record.put", {
      kind: KIND,
      key: keyOf(domain, address),
      value: JSON.stringify(one),
      now: one.at,
      ifVersion: null,
    });
    return "refused" in answer ? await this.get(domain, address) ?? one : one;
  }

  remove(domain: string, address: string): Promise<boolean> {
    return this.#storage.perform("record.remove", { kind: KIND, key: keyOf(domain, address) });
  }

  /** Those of `addresses` that are on the list, in lower case, and why. */
  async among(domain: string, addresses: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    if ((await this.list(domain, null, 1)).length === 0) return found;
    for (let i = 0; i < addresses.length; i += AT_ONCE) {
      const some = addresses.slice(i, i + AT_ONCE).map((address) => this.get(domain, lowerAscii(address)));
      for (const one of await Promise.all(some)) if (one) found.set(one.address, sentence(one));
    }
    return found;
  }

  /** The domain is gone: so is its list. */
  async forget(domain: string): Promise<void> {
    for (;;) {
      const page = await this.list(domain, null, 500);
      for (const { address } of page) await this.remove(domain, address);
      if (page.length < 500) return;
    }
  }
}

const WORDS = { bounced: "bounced", complained: "complained", asked: "was put on the list" } as const;

function sentence({ reason, at, detail }: Suppression): string {
  return `The address ${WORDS[reason]} on ${new Date(at).toISOString().slice(0, 10)}: ${detail}`;
}

/** A key has 200 characters at most, a domain or an address may have more. */
function prefixOf(domain: string): string {
  return `${short(domain)}/`;
}

function keyOf(domain: string, address: string): string {
  const plain = isAscii(address) && /^[!-~]{1,150}$/.test(address) && !address.startsWith("#");
  return prefixOf(domain) + (plain ? address : `#${short(address)}`);
}

function short(text: string): string {
  return encodeBase64(digest("sha256", utf8Bytes(text)).subarray(0, 18)).replaceAll("+", "-").replaceAll("/", "_");
}
