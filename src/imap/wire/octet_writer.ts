/** Lines of an answer put together as octets, where a string for each would cost several times as much. */
export class OctetWriter {
  #octets = new Uint8Array(16 * 1024);
  #at = 0;

  get length(): number {
    return this.#at;
  }

  octets(octets: Uint8Array): void {
    this.#reserve(octets.length);
    // Most are a few octets long: a loop beats the call.
    if (octets.length > 64) this.#octets.set(octets, this.#at);
    else for (let i = 0; i < octets.length; i++) this.#octets[this.#at + i] = octets[i]!;
    this.#at += octets.length;
  }

  /** A whole number that is not negative, in decimal. */
  number(value: number): void {
    this.#reserve(16);
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    let rest = value;
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const tenth = Math.floor(rest / 10);
      this.#octets[at] = 48 + rest - tenth * 10;
      rest = tenth;
    }
    this.#at += digits;
  }

  /** What was written, the caller's own; the writer begins anew. */
  take(): Uint8Array {
    const taken = this.#octets.slice(0, this.#at);
    this.#at = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#octets.length) return;
    const grown = new Uint8Array(Math.max(this.#octets.length * 2, this.#at + more));
    grown.set(this.#octets.subarray(0, this.#at));
    this.#octets = grown;
  }
}
