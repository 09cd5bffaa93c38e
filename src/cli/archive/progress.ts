import type { Io } from "../io.ts";
import { formatSize } from "../../server/config/units.ts";
import { printable } from "../table.ts";

const EVERY_MS = 200;

/** One line on a terminal that tells how far it is; nothing where nobody looks. */
export class Progress {
  readonly #io: Io;
  readonly #isShown: boolean;
  #mailbox = "";
  #total: number | null = null;
  #done = 0;
  #bytes = 0;
  #shownAt = 0;
  #width = 0;

  constructor(io: Io, isShown: boolean) {
    this.#io = io;
    this.#isShown = isShown && io.interactive;
  }

  begin(mailbox: string, total: number | null): void {
    [this.#mailbox, this.#total, this.#done, this.#bytes] = [mailbox, total, 0, 0];
    this.#show(true);
  }

  add(messages: number, bytes: number): void {
    this.#done += messages;
    this.#bytes += bytes;
    this.#show(false);
  }

  /** Takes the line away, so that something else can be printed. */
  clear(): void {
    if (this.#width > 0) this.#io.err(`\r${" ".repeat(this.#width)}\r`);
    this.#width = 0;
  }

  #show(always: boolean): void {
    if (!this.#isShown) return;
    const now = performance.now();
    if (!always && now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    const of = this.#total === null ? "" : ` of ${this.#total}`;
    const line = `${printable(this.#mailbox).slice(0, 40)}: ${this.#done}${of} messages, ${formatSize(this.#bytes)}`;
    this.#io.err(`\r${line.padEnd(this.#width)}`);
    this.#width = line.length;
  }
}
