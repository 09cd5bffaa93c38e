/** The example of RFC 7677 section 3: user "user", password "pencil". */
import { pbkdf2Sync } from "node:crypto";
import { decodeBase64 } from "../../src/base/base64.ts";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { digest, hmac } from "../../src/base/hash.ts";
import { Secret } from "../../src/base/secret.ts";
import type { ScramKeys } from "../../src/contract/mod.ts";

/** The keys that the server of the example has, with its part of the nonce. */
export function scramKeys(): ScramKeys {
  const salt = decodeBase64("W22ZaJ0SNY7soEsUEjb6gQ==")!;
  const salted = new Uint8Array(pbkdf2Sync("pencil", salt, 4096, 32, "sha256"));
  return {
    salt,
    iterations: 4096,
    storedKey: new Secret(digest("sha256", hmac("sha256", salted, utf8Bytes("Client Key")))),
    serverKey: new Secret(hmac("sha256", salted, utf8Bytes("Server Key"))),
    nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  };
}
