/** Octets that something of a request may have in all (RFC 8620 section 8.5). */
export class Room {
  #left: number;

  constructor(octets: number) {
    this.#left = octets;
  }

  get left(): number {
    return this.#left;
  }

  /** False: there is no more room, and nothing was taken. */
  take(octets: number): boolean {
    if (octets > this.#left) return false;
    this.#left -= octets;
    return true;
  }
}
