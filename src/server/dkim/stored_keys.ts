/** DKIM keys of a domain as the store keeps them: one setting a domain, JSON, so that it changes as a whole. */
import { z } from "zod";
import { Secret } from "../../base/secret.ts";
import type { DkimKeyKind, GeneratedDkimKey } from "../dkim_keys.ts";

/** `waiting`: its record is to be published; `active`: it signs; `retired`: it signed, and its record may go soon. */
export type DkimKeyState = "waiting" | "active" | "retired";

/** A key with what became of it. Times in milliseconds since 1970. */
export interface StoredDkimKey {
  /** s=, below `_domainkey`. */
  readonly selector: string;
  readonly algorithm: DkimKeyKind;
  readonly state: DkimKeyState;
  /** PEM, PKCS #8. */
  readonly privateKey: Secret;
  /** The TXT record of the public key. */
  readonly record: string;
  readonly createdAt: number;
  /** When its state changed last. */
  readonly changedAt: number;
}

/** All of a domain. `made` counts the keys of a day, so that no selector is ever used again. */
export interface StoredDkimKeys {
  readonly made: { readonly date: string; readonly count: number };
  readonly keys: readonly StoredDkimKey[];
}

const MOST_KEYS = 32;
const time = z.int().min(0);

const schema = z.strictObject({
  made: z.strictObject({ date: z.string().regex(/^\d{8}$/), count: z.int().min(0) }),
  keys: z.array(z.strictObject({
    selector: z.string().regex(/^[a-z0-9-]{1,63}$/),
    algorithm: z.enum(["rsa", "ed25519"]),
    state: z.enum(["waiting", "active", "retired"]),
    privateKey: z.string().max(8192).transform((pem) => new Secret(pem)),
    record: z.string().max(2048),
    createdAt: time,
    changedAt: time,
  })).max(MOST_KEYS),
});

const NONE: StoredDkimKeys = { made: { date: "19700101", count: 0 }, keys: [] };

/** Where the keys of a domain are kept. */
export function settingName(domain: string): string {
  return `dkim.${domain}`;
}

/** Reads a setting; null is a domain that never had keys. Throws, without the text, where it is no such thing. */
export function readKeys(text: string | null, domain: string): StoredDkimKeys {
  if (text === null) return NONE;
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // what the schema makes of null
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const where = read.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new Error(`the stored DKIM keys of ${domain} are damaged at: ${where || "the whole"}`);
}

/** The one place where private keys become text: for the store. */
export function printKeys(keys: StoredDkimKeys): string {
  return JSON.stringify({
    made: keys.made,
    keys: keys.keys.map((key) => ({ ...key, privateKey: key.privateKey.reveal() })),
  });
}

/** With fresh keys behind the others; null: there are too many, remove some. */
export function withNewKeys(
  stored: StoredDkimKeys,
  fresh: readonly (GeneratedDkimKey & { readonly algorithm: DkimKeyKind })[],
  state: DkimKeyState,
  now: number,
): StoredDkimKeys | null {
  if (stored.keys.length + fresh.length > MOST_KEYS) return null;
  const date = new Date(now).toISOString().slice(0, 10).replaceAll("-", "");
  const count = stored.made.date === date ? stored.made.count + 1 : 1;
  const suffix = count === 1 ? "" : `-${count}`;
  const keys = fresh.map(({ algorithm, privateKey, record }): StoredDkimKey => ({
    selector: `${algorithm}-${date}${suffix}`,
    algorithm,
    state,
    privateKey,
    record: record.text,
    createdAt: now,
    changedAt: now,
  }));
  return { made: { date, count }, keys: [...stored.keys, ...keys] };
}

/** The name of the record of a key. */
export function recordName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domain}`;
}
