/** Secrets that this server makes for people: app passwords and bearer tokens. */
import { randomBytes } from "node:crypto";
import { utf8Bytes } from "../base/bytes.ts";
import { digest } from "../base/hash.ts";
import { Secret } from "../base/secret.ts";

/** By this a token is told from a password, and found where it was left lying about. */
const PREFIX = "palomar_";
/** 192 bits: nobody guesses it, so a plain hash is enough to keep. */
const OCTETS = 24;

/** A fresh token, which is shown once, and what is stored of it. */
export function makeToken(): { readonly secret: Secret; readonly hash: string } {
  const secret = new Secret(PREFIX + randomBytes(OCTETS).toString("base64url"));
  return { secret, hash: hashToken(secret) };
}

export function isToken(text: Secret): boolean {
  return text.reveal().startsWith(PREFIX);
}

/** What is stored of it. */
export function hashToken(token: Secret): string {
  return digest("sha256", utf8Bytes(token.reveal())).toHex();
}
