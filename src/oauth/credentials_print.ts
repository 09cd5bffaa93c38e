import type { Credentials } from "../contract/mod.ts";
import { secretHash } from "./secret_hash.ts";

/**
 * Stands for an account's password as it is now: what was granted under another one is worth nothing, however the
 * password was changed. Says nothing of the password: it is a hash of its salted hash.
 */
export function credentialsPrint(credentials: Credentials): string {
  return secretHash(`oauth ${credentials.password.reveal()}`).slice(0, 32);
}
