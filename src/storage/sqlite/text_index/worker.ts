/** The worker of the index: answers what is asked, and reads new mail in between. */
import { CatchUp } from "./catch_up.ts";
import { Catalog } from "./catalog.ts";
import type { TextAnswer, TextQuery } from "../../text_queries.ts";
import { find } from "./find.ts";
import { MailSource } from "./mail_source.ts";
import { isOfThisStore, sweep } from "./sweep.ts";
import type { FromWorker, ToWorker } from "./worker_messages.ts";

/** What the platform gives a worker; its types are those of a window. */
interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  close(): void;
}

const scope = self as unknown as Scope;
/** While mail comes in, others need the processor more: so many times as long as a step took it rests. */
const REST_SHARE = 3;
const LONGEST_REST_MS = 500;

class IndexWorker {
  readonly #dataDir: string;
  readonly #source: MailSource;
  #catalog: Catalog;
  #catchUp: CatchUp;
  #settling: number[] = [];
  #working: ReturnType<typeof setTimeout> | null = null;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#source = new MailSource(dataDir);
    this.#catalog = new Catalog(dataDir);
    this.#catchUp = new CatchUp(this.#catalog, this.#source);
    if (!isOfThisStore(this.#catalog, this.#source)) this.#beginAnew();
    this.#work(0);
  }

  handle(message: ToWorker): void {
    switch (message.type) {
      case "find":
        return this.#find(message);
      case "settle":
        this.#settling.push(message.id);
        return this.#work(0);
      case "sweep":
        sweep(this.#catalog, this.#source);
        return this.#work(0);
      case "wake":
        return this.#work(0);
      case "close":
      case "open":
        return;
    }
  }

  close(): void {
    if (this.#working !== null) clearTimeout(this.#working);
    this.#catalog.close();
    this.#source.close();
  }

  #find({ id, account, queries }: Extract<ToWorker, { type: "find" }>): void {
    const answer = this.#answer(account, queries);
    if (!answer) return scope.postMessage({ type: "answer", id, answer }, []);
    const buffers = answer.queries.flatMap(({ hits, unsure }) => [hits.buffer, unsure.buffer]) as ArrayBuffer[];
    scope.postMessage({ type: "answer", id, answer }, buffers);
  }

  /** Null where the files are damaged. */
  #answer(account: number, queries: readonly TextQuery[]): TextAnswer | null {
    try {
      return find(this.#catalog, account, queries);
    } catch {
      this.#beginAnew();
      this.#work(0);
      return null;
    }
  }

  #beginAnew(): void {
    this.#catalog.destroy();
    this.#catalog = new Catalog(this.#dataDir);
    this.#catchUp = new CatchUp(this.#catalog, this.#source);
  }

  #work(restMs: number): void {
    this.#working ??= setTimeout(() => {
      this.#working = null;
      const begun = performance.now();
      if (this.#catchUp.step()) {
        const took = performance.now() - begun;
        this.#work(this.#settling.length > 0 ? 0 : Math.min(took * REST_SHARE, LONGEST_REST_MS));
        return;
      }
      for (const id of this.#settling.splice(0)) scope.postMessage({ type: "answer", id, answer: null }, []);
    }, restMs);
  }
}

let worker: IndexWorker | null = null;

scope.onmessage = ({ data }) => {
  if (data.type === "open") worker = new IndexWorker(data.dataDir);
  else if (data.type !== "close") worker?.handle(data);
  else {
    worker?.close();
    scope.postMessage({ type: "closed" }, []);
    scope.close();
  }
};
