/** The body hashes of all signatures of a message in one pass. */
import type { Program } from "../../contract/mod.ts";
import { bodyCanon, type Canonicalization } from "./body_canon.ts";
import type { MessagePages } from "./message_pages.ts";
import { RunningHash } from "./running_hash.ts";

/** What one signature needs: SHA-256 of the canonical body, or of its first `length` octets (l=). */
export interface BodyNeed {
  readonly canon: Canonicalization;
  readonly length: number | null;
}

/** What was found. */
export interface BodyDigest {
  /** Null: the canonical body has fewer octets than l= says. */
  readonly digest: Uint8Array | null;
  /** Octets of the whole canonical body. */
  readonly total: number;
}

/** Collects needs, reads the body once, and answers. One hash runs for each algorithm, whatever the lengths are. */
export class BodyHashes {
  readonly #lengths: Record<Canonicalization, Set<number> | null> = { simple: null, relaxed: null };
  readonly #hashes: Record<Canonicalization, RunningHash | null> = { simple: null, relaxed: null };

  need({ canon, length }: BodyNeed): void {
    const lengths = this.#lengths[canon] ??= new Set();
    if (length !== null) lengths.add(length);
  }

  /** Reads the rest of `pages`, unless nothing is needed. */
  *read(pages: MessagePages): Program<void> {
    const canons = [];
    for (const canon of ["simple", "relaxed"] as const) {
      const lengths = this.#lengths[canon];
      if (lengths) canons.push(bodyCanon(canon, this.#hashes[canon] = new RunningHash(lengths)));
    }
    if (canons.length === 0) return;
    for (let page = yield* pages.next(); page !== null; page = yield* pages.next()) {
      for (const canon of canons) canon.push(page);
    }
    for (const canon of canons) canon.end();
  }

  /** The answer to a need that was told before `read()`. */
  digest({ canon, length }: BodyNeed): BodyDigest {
    const hash = this.#hashes[canon];
    if (!hash) throw new Error("a body hash that nobody needed");
    return { digest: hash.digest(length), total: hash.length };
  }
}
