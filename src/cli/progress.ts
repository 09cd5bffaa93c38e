import { formatSize } from "../server/config/units.ts";
import type { Io } from "./io.ts";

const EVERY_MS = 200;

/** One line on the terminal of a person that says how far something is; nothing where nobody looks. */
export class Progress {
  readonly #io: Io;
  #at = 0;
  #width = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  /** `octets`: the numbers are sizes. */
  show(what: string, done: number, total: number, octets = false): void {
    if (!this.#io.interactive || (performance.now() - this.#at < EVERY_MS && done < total)) return;
    this.#at = performance.now();
    const text = (value: number) => octets ? formatSize(value) : String(value);
    const percent = total > 0 ? Math.floor(100 * done / total) : 100;
    const line = `${what}: ${text(done)} of ${text(total)} (${percent} %)`;
    this.#io.err(`\r${line.padEnd(this.#width)}`);
    this.#width = line.length;
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#width > 0) this.#io.err(`\r${" ".repeat(this.#width)}\r`);
    this.#width = 0;
  }
}
