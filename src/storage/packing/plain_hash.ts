/** The hash of the plain octets of a body whose octets come as they lie in a store, in pieces of any size. */
import { concatBytes } from "../../base/bytes.ts";
import { type Hasher, hasher } from "../../base/hash.ts";
import type { BodyPacking } from "./body_packing.ts";
import { KeyMissing } from "./keys.ts";
import { type Packing, unpack } from "./unpack.ts";

/** Tells whether a stored body is what its row says. Throws `KeyMissing`. */
export class PlainHash {
  readonly #sum: Hasher = hasher("sha256");
  readonly #packing: Packing | null;
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #frame = 0;
  #isDamaged = false;
  readonly #told: (plain: Uint8Array) => void;

  /** `table` is null where octets lie as they came. `told` is given the plain octets, borrowed. */
  constructor(
    packing: BodyPacking,
    table: Uint8Array | null,
    hash: Uint8Array,
    size: number,
    told: (plain: Uint8Array) => void = () => {},
  ) {
    this.#told = told;
    this.#packing = table && this.#try(() => packing.open(table, hash, size));
  }

  /** A piece may be borrowed: what is left of it for the next frame is copied. */
  update(octets: Uint8Array): void {
    if (this.#isDamaged) return;
    if (!this.#packing) return this.#take(octets);
    this.#waiting += octets.length;
    const isEnough = this.#waiting >= (this.#packing.frames[this.#frame]?.length ?? Infinity);
    this.#pieces.push(isEnough ? octets : octets.slice());
    if (isEnough) this.#unpackWaiting(this.#packing);
  }

  /** Of all that came; empty where it is damaged. */
  hex(): string {
    const isWhole = !this.#packing || (this.#frame === this.#packing.frames.length && this.#waiting === 0);
    return this.#isDamaged || !isWhole ? "" : this.#sum.digest().toHex();
  }

  #unpackWaiting(packing: Packing): void {
    const all = this.#pieces.length === 1 ? this.#pieces[0]! : concatBytes(this.#pieces);
    let at = 0;
    for (;; this.#frame++) {
      const length = packing.frames[this.#frame]?.length;
      if (length === undefined || at + length > all.length) break;
      const [from, first] = [this.#frame * packing.frame, this.#frame];
      const to = Math.min(packing.size, from + packing.frame);
      const plain = this.#try(() =>
        unpack(packing, { from, to, first, start: 0, length }, all.subarray(at, at + length))
      );
      if (plain === null) return;
      this.#take(plain);
      at += length;
    }
    this.#pieces = at < all.length ? [all.slice(at)] : [];
    this.#waiting = all.length - at;
  }

  #take(plain: Uint8Array): void {
    this.#sum.update(plain);
    this.#told(plain);
  }

  #try<R>(run: () => R): R | null {
    try {
      return run();
    } catch (error) {
      if (error instanceof KeyMissing) throw error;
      this.#isDamaged = true;
      return null;
    }
  }
}
