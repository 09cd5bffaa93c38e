/** Chains for tests: sealing and verifying with a world of one message. */
import { latin1Bytes } from "../../../src/base/bytes.ts";
import { type ArcSealOptions, type ArcVerification, sealArc, verifyArc } from "../../../src/mailauth/mod.ts";
import { runProgram } from "../../support/run_program.ts";
import { BLOB, NOW, type TestKey, worldOf, type Zones } from "../dkim/world.ts";

export function chainOf(message: Uint8Array, zones: Zones, page = Infinity, now = NOW): ArcVerification {
  return runProgram(verifyArc({ blobId: BLOB, size: message.length }, { now }), worldOf(message, zones, page)).result;
}

export function seal(message: Uint8Array, key: TestKey, options: Partial<ArcSealOptions> = {}) {
  const whole = {
    now: NOW,
    key: key.key,
    authenticationResults: "mx.example; arc=none",
    chain: "none",
    ...options,
  } as const;
  return runProgram(sealArc({ blobId: BLOB, size: message.length }, whole), worldOf(message)).result;
}

/** The message with a set more; each says of the chain what it is worth. */
export function sealed(
  message: Uint8Array,
  key: TestKey,
  zones: Zones,
  options: Partial<ArcSealOptions> = {},
): Uint8Array {
  const made = seal(message, key, { chain: chainOf(message, zones).result, ...options });
  if ("refused" in made) throw new Error(made.refused);
  return new Uint8Array([...latin1Bytes(made.fields), ...message]);
}
