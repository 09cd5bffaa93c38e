/** Challenges for passkeys: nothing is stored before one is answered, and each is answered once. */
import { randomBytes } from "node:crypto";
import { concatBytes, utf8Bytes } from "../../base/bytes.ts";
import { equalSecretBytes, hmac } from "../../base/hash.ts";
import type { HttpDeps } from "../deps.ts";
import type { Visitor } from "./visitor.ts";

const LIFE_MS = 5 * 60_000;
const [TIME, RANDOM, MAC] = [8, 16, 32];

/** What a challenge is for. */
export type Purpose = "register" | "assert";

/** Base64url: its time, random octets, and what binds them to this browser and purpose. */
export function makeChallenge(visitor: Visitor, key: Uint8Array, purpose: Purpose, now: number): string {
  const said = new Uint8Array(TIME + RANDOM);
  new DataView(said.buffer).setBigUint64(0, BigInt(now));
  said.set(randomBytes(RANDOM), TIME);
  return concatBytes([said, seal(visitor, key, purpose, said)]).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Whether it is one of ours for this browser, young, and not answered before; from now on it is. */
export async function useChallenge(
  deps: Pick<HttpDeps, "perform" | "now">,
  visitor: Visitor,
  key: Uint8Array,
  purpose: Purpose,
  text: string,
): Promise<boolean> {
  if (!/^[A-Za-z0-9_-]{75}$/.test(text)) return false;
  const octets = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  if (octets.length !== TIME + RANDOM + MAC) return false;
  const said = octets.subarray(0, TIME + RANDOM);
  if (!equalSecretBytes(octets.subarray(TIME + RANDOM), seal(visitor, key, purpose, said))) return false;
  const [made, now] = [Number(new DataView(said.buffer, said.byteOffset).getBigUint64(0)), deps.now()];
  if (now - made > LIFE_MS || made > now) return false;
  const row = { kind: "web.challenge", key: said.toHex(), value: "{}", now, ifVersion: null } as const;
  return !("refused" in await deps.perform("record.put", { ...row, expiresAt: now + 2 * LIFE_MS }));
}

function seal(visitor: Visitor, key: Uint8Array, purpose: Purpose, said: Uint8Array): Uint8Array {
  return hmac("sha256", key, concatBytes([utf8Bytes(`challenge ${purpose} ${visitor.id} `), said]));
}
