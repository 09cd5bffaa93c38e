/**
 * The index of texts: all that SEARCH finds in messages, folded, in files that are looked through at some gigabytes a
 * second (adr/0009). It is made and asked in a worker, so that nobody waits for it; it lies in `index/` beside the
 * store and is only a copy: whoever deletes the folder gets it again.
 *
 * Rules:
 * - It never decides alone: what it has not read yet, or not wholly, it says, and the message itself is asked.
 * - Emails are never changed and their numbers never used again, so what is indexed stays right. What is gone is
 *   swept out later and meanwhile hits nothing, because a search begins with what is there.
 * - Where it fails, searches go on without it.
 */
import { join } from "node:path";
import type { Keys } from "../../packing/mod.ts";
import type { AskOrder } from "../../search_source.ts";
import type { AskIndex } from "../../text_queries.ts";
import type { FromWorker, Question, Questions, ToWorker } from "./worker_messages.ts";

/** After so many new emails the index is begun though nobody searched. */
const WORTH_EMAILS = 200;
/** How long after a commit the worker is told. Mail that comes in together is read together. */
const REST_MS = 2000;
const CLOSE_MS = 2000;

export class TextIndex {
  readonly #dataDir: string;
  readonly #keys: Keys;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #worker: Worker | null = null;
  /** It has the words of messages in plain: where they are encrypted, there is none. */
  readonly #isOff: boolean;
  #failed = false;
  #resting: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #emails = 0;
  #next = 1;

  constructor(dataDir: string, keys: Keys) {
    this.#dataDir = dataDir;
    this.#keys = keys;
    this.#isOff = keys.first !== null;
    if (this.#isOff) removeIndex(dataDir);
  }

  /** Asks about texts of an account's emails. */
  of(account: number): AskIndex {
    return (queries) => this.#ask("find", { account, queries });
  }

  /** SORT and THREAD of a mailbox. */
  orderOf(account: number, mailbox: number): AskOrder {
    const wanted = (uids: readonly number[]) => ({ account, mailbox, uids: Uint32Array.from(uids) });
    return {
      sorted: (uids, order) => this.#ask("sort", { ...wanted(uids), order }),
      threaded: (uids, algorithm) => this.#ask("thread", { ...wanted(uids), algorithm }),
    };
  }

  /** Emails were added. */
  touched(emails: number): void {
    this.#emails += emails;
    if (this.#timer !== null || this.#failed || this.#isOff || (this.#worker === null && this.#emails < WORTH_EMAILS)) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#emails = 0;
      this.#post({ type: "wake" });
    }, REST_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** Takes out what is no longer there. */
  sweep(): void {
    if (this.#worker) this.#post({ type: "sweep" });
  }

  /** Forgets everything; it is made anew when it is needed. */
  async renew(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (worker) {
      await closed(worker);
      worker.terminate();
    }
    for (const id of [...this.#waiting.keys()]) this.#answer(id, null);
    await this.#resting;
    removeIndex(this.#dataDir);
    this.#failed = false;
  }

  /** Reads everything that is there now; for tests and measurements. */
  async settle(): Promise<void> {
    await this.#ask("settle", {});
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker) await closed(worker);
    await this.#resting;
    this.#fail();
  }

  /** Null where the index cannot say. */
  #ask<K extends keyof Questions>(type: K, asked: Questions[K]["asked"]): Promise<Questions[K]["answer"] | null> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve as (answer: unknown) => void);
      if (!this.#post({ type, id, ...asked } as Question)) this.#answer(id, null);
    });
  }

  #answer(id: number, answer: unknown): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }

  #post(message: ToWorker): boolean {
    if (this.#failed || this.#isOff) return false;
    try {
      this.#worker ??= this.#start();
      this.#worker.postMessage(message);
      return true;
    } catch {
      this.#fail();
      return false;
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "answer") this.#answer(data.id, data.answer);
      else if (data.type === "idle") this.#rest(worker);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail();
    };
    worker.postMessage({ type: "open", dataDir: this.#dataDir, keys: this.#keys.reveal() } satisfies ToWorker);
    return worker;
  }

  /** Gives its memory back; the next question starts another. */
  #rest(worker: Worker): void {
    if (this.#worker !== worker || this.#waiting.size > 0) return;
    this.#worker = null;
    this.#resting = closed(worker).then(() => worker.terminate());
  }

  #fail(): void {
    this.#failed = true;
    this.#worker?.terminate();
    this.#worker = null;
    for (const id of [...this.#waiting.keys()]) this.#answer(id, null);
  }
}

function removeIndex(dataDir: string): void {
  try {
    Deno.removeSync(join(dataDir, "index"), { recursive: true });
  } catch {
    // it is not there
  }
}

/** Asks a worker to close its files, and waits until it did or is too slow for it. */
async function closed(worker: Worker): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => data.type === "closed" && resolve());
    worker.postMessage({ type: "close" } satisfies ToWorker);
  });
  clearTimeout(timer);
}
