/** What an account logs in with, as a text that drivers keep. */
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { Secret } from "../../base/secret.ts";
import type { Credentials, StoredScramKeys } from "../../contract/mod.ts";

type PrintedScram = [iterations: number, salt: string, storedKey: string, serverKey: string];

/** Rows are saved at every delivery, credentials hardly ever change. */
const printed = new WeakMap<Credentials, string>();

/** The secrets are revealed here and nowhere else: a hash and derived keys, never a password. */
export function printCredentials(credentials: Credentials): string {
  const known = printed.get(credentials);
  if (known !== undefined) return known;
  const { password, scramSha256, scramSha1 } = credentials;
  const keys = [...printScram(scramSha256), ...(scramSha1 ? printScram(scramSha1) : [])];
  const text = JSON.stringify([password.reveal(), ...keys]);
  printed.set(credentials, text);
  return text;
}

export function parseCredentials(text: string): Credentials {
  const [password, ...keys] = JSON.parse(text) as [string, ...PrintedScram, ...PrintedScram | []];
  const scramSha256 = parseScram(keys.slice(0, 4) as PrintedScram);
  if (keys.length < 8) return { password: new Secret(password), scramSha256 };
  return { password: new Secret(password), scramSha256, scramSha1: parseScram(keys.slice(4) as PrintedScram) };
}

function printScram({ iterations, salt, storedKey, serverKey }: StoredScramKeys): PrintedScram {
  return [iterations, encodeBase64(salt), encodeBase64(storedKey.reveal()), encodeBase64(serverKey.reveal())];
}

function parseScram([iterations, ...keys]: PrintedScram): StoredScramKeys {
  const [salt, storedKey, serverKey] = keys.map((key) => decodeBase64(key)!) as [Uint8Array, Uint8Array, Uint8Array];
  return { iterations, salt, storedKey: new Secret(storedKey), serverKey: new Secret(serverKey) };
}
