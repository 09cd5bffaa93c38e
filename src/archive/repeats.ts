/** Counts how often the same thing came before, in 10 to 20 octets a thing: for files with a million messages. */
export class Repeats {
  #slots = new Float64Array(1024);
  #counts = new Uint16Array(1024);
  #used = 0;

  /** `hash`: 8 octets or more, well spread. Answers how often it came before. */
  count(hash: Uint8Array): number {
    const view = new DataView(hash.buffer, hash.byteOffset, 8);
    // 53 bits, and never 0, which is an empty slot.
    const value = (view.getUint32(0) & 0x1fffff) * 4_294_967_296 + view.getUint32(4) + 1;
    if (this.#used * 4 > this.#slots.length * 3) this.#grow();
    const at = this.#find(value);
    if (this.#slots[at] === 0) {
      this.#slots[at] = value;
      this.#used++;
    }
    const before = this.#counts[at]!;
    if (before < 65_535) this.#counts[at] = before + 1;
    return before;
  }

  #find(value: number): number {
    const mask = this.#slots.length - 1;
    let at = value % this.#slots.length;
    while (this.#slots[at] !== 0 && this.#slots[at] !== value) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const [slots, counts] = [this.#slots, this.#counts];
    this.#slots = new Float64Array(slots.length * 2);
    this.#counts = new Uint16Array(slots.length * 2);
    slots.forEach((value, i) => {
      if (value === 0) return;
      const at = this.#find(value);
      this.#slots[at] = value;
      this.#counts[at] = counts[i]!;
    });
  }
}
