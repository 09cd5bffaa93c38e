/** The worker of the index: answers what is asked, and reads new mail in between. */
import { BodyPacking } from "../../packing/mod.ts";
import { CatchUp } from "./catch_up.ts";
import { Catalog } from "./catalog.ts";
import { find } from "./find.ts";
import { MailSource } from "./mail_source.ts";
import { sorted, threaded } from "./order.ts";
import { isOfThisStore, sweep } from "./sweep.ts";
import type { FromWorker, Question, ToWorker } from "./worker_messages.ts";

/** What the platform gives a worker; its types are those of a window. */
interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  close(): void;
}

const scope = self as unknown as Scope;
/** So many times as long as a step took it rests; more while mail comes in, when others need the processor. */
const REST_SHARE = 1;
const BUSY_REST_SHARE = 15;
const BUSY_MS = 10_000;
const LONGEST_REST_MS = 500;
/** After so long without anything to do its memory is given back. */
const IDLE_MS = 60_000;

class IndexWorker {
  readonly #dataDir: string;
  readonly #source: MailSource;
  #catalog: Catalog;
  #catchUp: CatchUp;
  #settling: number[] = [];
  #mailCameAt = -BUSY_MS;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #working: ReturnType<typeof setTimeout> | null = null;

  constructor(dataDir: string, packing: BodyPacking) {
    this.#dataDir = dataDir;
    this.#source = new MailSource(dataDir, packing);
    this.#catalog = new Catalog(dataDir);
    this.#catchUp = new CatchUp(this.#catalog, this.#source);
    if (!isOfThisStore(this.#catalog, this.#source)) this.#beginAnew();
    this.#work(0);
  }

  handle(message: ToWorker): void {
    clearTimeout(this.#idle);
    this.#act(message);
    // All but questions end in work, and that in rest.
    if (this.#working === null) this.#rest();
  }

  #act(message: ToWorker): void {
    switch (message.type) {
      case "open":
      case "close":
        return;
      case "wake":
        this.#mailCameAt = performance.now();
        return this.#work(0);
      case "sweep":
        sweep(this.#catalog, this.#source);
        return this.#work(0);
      case "settle":
        this.#settling.push(message.id);
        return this.#work(0);
      default:
        return this.#answer(message);
    }
  }

  close(): void {
    clearTimeout(this.#idle);
    if (this.#working !== null) clearTimeout(this.#working);
    this.#catalog.close();
    this.#source.close();
  }

  /** Where the files are damaged the answer is null, and they are made anew. */
  #answer(question: Exclude<Question, { type: "settle" }>): void {
    const { id } = question;
    try {
      switch (question.type) {
        case "find": {
          const answer = find(this.#catalog, question.account, question.queries);
          const buffers = answer.queries.flatMap(({ hits, unsure }) => [hits.buffer, unsure.buffer]) as ArrayBuffer[];
          return scope.postMessage({ type: "answer", id, answer }, buffers);
        }
        case "sort":
          return this.#answerUids(id, sorted(this.#catalog, this.#source, question, question.order));
        case "thread":
          return this.#answerUids(id, threaded(this.#catalog, this.#source, question, question.algorithm));
      }
    } catch {
      this.#beginAnew();
      this.#work(0);
      scope.postMessage({ type: "answer", id, answer: null }, []);
    }
  }

  #answerUids(id: number, answer: Uint32Array): void {
    scope.postMessage({ type: "answer", id, answer }, [answer.buffer as ArrayBuffer]);
  }

  #beginAnew(): void {
    this.#catalog.destroy();
    this.#catalog = new Catalog(this.#dataDir);
    this.#catchUp = new CatchUp(this.#catalog, this.#source);
  }

  /** One step after a rest, then the next. */
  #work(restMs: number): void {
    this.#working ??= setTimeout(() => {
      this.#working = null;
      const begun = performance.now();
      if (this.#catchUp.step()) {
        return this.#work(this.#restAfter(begun));
      }
      for (const id of this.#settling.splice(0)) scope.postMessage({ type: "answer", id, answer: true }, []);
      this.#rest();
    }, restMs);
  }

  #restAfter(begun: number): number {
    if (this.#settling.length > 0) return 0;
    const now = performance.now();
    const share = now - this.#mailCameAt < BUSY_MS ? BUSY_REST_SHARE : REST_SHARE;
    return Math.min((now - begun) * share, LONGEST_REST_MS);
  }

  #rest(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => scope.postMessage({ type: "idle" }, []), IDLE_MS);
  }
}

let worker: IndexWorker | null = null;

scope.onmessage = ({ data }) => {
  if (data.type === "open") worker = new IndexWorker(data.dataDir, new BodyPacking({ keys: data.keys }));
  else if (data.type !== "close") worker?.handle(data);
  else {
    worker?.close();
    scope.postMessage({ type: "closed" }, []);
    scope.close();
  }
};
