import { encodeBase64 } from "../base/base64.ts";
import { EMPTY, latin1Bytes, utf8Bytes } from "../base/bytes.ts";
import { digest, equalSecretBytes, hmac } from "../base/hash.ts";
import type { ScramKeys } from "../contract/mod.ts";
import type { SaslExchange } from "./exchange.ts";
import { challenge, outcomeOf, question } from "./request.ts";
import { parseClientFinal, parseClientFirst } from "./scram_messages.ts";

type ScramHash = "sha256" | "sha1";

const MECHANISM = { sha256: "SCRAM-SHA-256", sha1: "SCRAM-SHA-1" } as const;

/**
 * SCRAM-SHA-256 and SCRAM-SHA-1 (RFC 5802, RFC 7677) without channel binding: the server learns that the client knows the password
 * and the client that the server knows it too, and neither sends it.
 */
export function* scramExchange(hash: ScramHash, initial: Uint8Array | null): SaslExchange {
  const firstBytes = initial ?? (yield* challenge(EMPTY));
  if (firstBytes === null) return { refused: "cancelled" };
  const first = parseClientFirst(firstBytes);
  if (first === null) return { refused: "malformed" };
  if (first.authzid !== null && first.authzid !== first.login) return { refused: "credentials" };

  const keys = yield* question("auth.scram", { mechanism: MECHANISM[hash], login: first.login });
  const nonce = first.nonce + keys.nonce; // RFC 5802 section 5.1: the client's nonce, then ours
  const serverFirst = `r=${nonce},s=${encodeBase64(keys.salt)},i=${keys.iterations}`;
  const finalBytes = yield* challenge(latin1Bytes(serverFirst));
  if (finalBytes === null) return { refused: "cancelled" };
  const final = parseClientFinal(finalBytes);
  if (final === null) return { refused: "malformed" };

  const authMessage = utf8Bytes(`${first.bare},${serverFirst},${final.withoutProof}`);
  // RFC 5802 section 5.1: a wrong `r` or `c` fails the authentication. All are looked at, then the world is told once.
  const proven = proves(hash, keys, authMessage, final.proof) && final.nonce === nonce &&
    final.channelBinding === first.gs2Header;
  const outcome = outcomeOf(yield* question("auth.scramDone", { login: first.login, proven }));
  if ("refused" in outcome) return outcome;
  if (!proven) return { refused: "credentials" }; // whatever the world says

  const signature = hmac(hash, keys.serverKey.reveal(), authMessage);
  const last = yield* challenge(latin1Bytes(`v=${encodeBase64(signature)}`));
  if (last === null) return { refused: "cancelled" };
  return last.length === 0 ? outcome : { refused: "malformed" };
}

/** RFC 5802 section 3: ClientKey is the proof without the signature, and StoredKey is its hash. */
function proves(hash: ScramHash, keys: ScramKeys, authMessage: Uint8Array, proof: Uint8Array): boolean {
  const storedKey = keys.storedKey.reveal();
  const clientKey = hmac(hash, storedKey, authMessage);
  if (proof.length !== clientKey.length) return false;
  for (let i = 0; i < clientKey.length; i++) clientKey[i]! ^= proof[i]!;
  return equalSecretBytes(digest(hash, clientKey), storedKey);
}
