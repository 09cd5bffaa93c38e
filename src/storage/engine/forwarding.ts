/** The keys of rewritten senders, and the senders that are too long to be written into an address. */
import { randomBytes } from "node:crypto";
import { Secret } from "../../base/secret.ts";
import type { AnswerOf, Args } from "../../contract/mod.ts";
import type { Transaction } from "./tables.ts";

const DAY_MS = 24 * 3600_000;
/** A key signs so long. */
const SIGNS_MS = 30 * DAY_MS;
/** And is believed so long after another has taken its place: what it signed last has expired by then. */
const BELIEVED_MS = 30 * DAY_MS;
const KEY_OCTETS = 32;
const SETTING = "forwarding.keys";

interface Kept {
  readonly since: number;
  /** Hexadecimal. */
  readonly key: string;
}

export function keys(tx: Transaction, { now }: Args<"forwarding.keys">): AnswerOf<"forwarding.keys"> {
  const all = JSON.parse(tx.setting(SETTING) ?? "[]") as readonly Kept[];
  const newest = all[0];
  const fresh = newest === undefined || now - newest.since >= SIGNS_MS
    ? [{ since: now, key: randomBytes(KEY_OCTETS).toString("hex") }, ...all]
    : all;
  // The one before it says since when a key has been out of use.
  const kept = fresh.filter((_, i) => i === 0 || now - fresh[i - 1]!.since < BELIEVED_MS);
  if (kept.length !== all.length || fresh !== all) tx.putSetting(SETTING, JSON.stringify(kept));
  return kept.map(({ key }) => new Secret(Uint8Array.fromHex(key)));
}

export function remember(tx: Transaction, args: Args<"forwarding.remember">): true {
  tx.forgetSenders(args.now);
  const there = tx.senderBehind(args.key);
  if (there === null || there.until < args.until) tx.keepSender(args.key, args.address, args.until);
  return true;
}

export function recall(tx: Transaction, { key, now }: Args<"forwarding.recall">): string | null {
  const kept = tx.senderBehind(key);
  return kept !== null && kept.until > now ? kept.address : null;
}
