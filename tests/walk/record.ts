/** What happens in a server, written down as a list that a person can read. */
import { latin1String } from "../../src/base/bytes.ts";
import type { StorageOp } from "../../src/contract/mod.ts";
import type { TraceEntry } from "../../src/net/trace.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** The steps of one walk, in the order in which they happened. */
export class Walk {
  readonly steps: string[] = [];
  readonly traces = new Map<string, TraceEntry[]>();
  #quiet = true;

  /** From here on steps are kept. Traces are whole from the beginning: a replay needs them so. */
  begin(): void {
    this.#quiet = false;
  }

  /** Who listens to the steps of one session. */
  session(name: string): (entry: TraceEntry) => void {
    const trace: TraceEntry[] = [];
    this.traces.set(name, trace);
    return (entry) => {
      trace.push(entry);
      this.#add(`${name} < ${inputText(entry.input as Recorded)}`);
      for (const effect of entry.effects as Recorded[]) {
        const text = effectText(effect);
        if (text !== null) this.#add(`${name} > ${text}`);
      }
    };
  }

  /** The store, with each operation that it is asked for. */
  storage(inner: Storage): Storage {
    return {
      perform: (op, args) => {
        if (!op.startsWith("queue.")) this.#add(`store  ${op}`); // the queue's worker walks on its own way
        return inner.perform(op as StorageOp, args as never) as never;
      },
      createBlob: () => inner.createBlob(),
      readBlob: (blobId, start, end) => inner.readBlob(blobId, start, end),
      watch: (accountId, listener) =>
        inner.watch(accountId, (touched) => {
          this.#add("store  touched");
          listener(touched);
        }),
      watchQueue: (listener) => inner.watchQueue(listener),
      reclaim: () => inner.reclaim(),
      close: () => inner.close(),
    };
  }

  #add(step: string): void {
    if (!this.#quiet) this.steps.push(step);
  }
}

type Recorded = { readonly type: string } & Record<string, unknown>;

function inputText(input: Recorded): string {
  if (input.type === "bytes") return textOf(input["chunk"]);
  return input.type === "answer" ? `answer ${input["op"]}` : input.type;
}

/** Null: not worth a line. */
function effectText(effect: Recorded): string | null {
  switch (effect.type) {
    case "send":
      return textOf(effect["bytes"]);
    case "call":
      return `call ${effect["op"]}`;
    case "log":
      return null;
    case "bodyChunk":
      return `bodyChunk ${octets(effect["chunk"]).length} octets`;
    case "sendBlob":
      return `sendBlob ${effect["start"]}..${effect["end"]}`;
    default:
      return effect.type;
  }
}

function octets(recorded: unknown): Uint8Array {
  return Uint8Array.from(atob((recorded as { $bytes: string }).$bytes), (char) => char.charCodeAt(0));
}

/** The first line, without what differs from run to run. */
function textOf(recorded: unknown): string {
  const text = latin1String(octets(recorded)).replaceAll(/[a-z0-9]{12,}\.\d+/g, "TRACE");
  const [first = "", ...more] = text.split("\r\n");
  return more.length > 1 && more.some((line) => line !== "") ? `${first} …` : first;
}
