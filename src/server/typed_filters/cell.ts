/**
 * A process that runs filters, seen from outside. It is a process of its own because nothing less bounds what a program
 * of a stranger may take: V8 ends the process in which a heap is full, and native code that runs on is ended by nothing.
 */
import { FILTER_LIMITS } from "../../contract/mod.ts";
import type { FilterAnswer, FilterJob } from "./realm.ts";

/** Bounds of a process. */
export interface CellLimits {
  /** Of the processor for one job, milliseconds. */
  readonly timeMs: number;
  /** Of the heap, octets. */
  readonly memory: number;
  /** To start in, milliseconds: the machine may have much to do. */
  readonly startMs: number;
  /** What runs in it, where it is not `cell_main.ts`. */
  readonly program?: URL;
}

/** `over`: it took too much and was ended; `broken`: it ended by itself; `unready`: it never began. */
export type CellAnswer = FilterAnswer | "over" | "broken" | "unready";

/** On a machine with much to do a job may last so many times as long as it may work. The process itself counts work. */
const MOST_ROUNDS = 20;
const PROGRAM = new URL("./cell_main.ts", import.meta.url);
/** Octets of a line: each character of an answer is at most six, twice. */
const LINE = FILTER_LIMITS.answer * 12 + 1_000;

/** The process may ask for nothing, and gets nothing of our environment but where its program's cache is. */
function command({ timeMs, memory, program = PROGRAM }: CellLimits): Deno.Command {
  const megabytes = Math.max(16, Math.floor(memory / (1 << 20)));
  const cache = Deno.env.get("DENO_DIR");
  const home = Deno.env.get("HOME");
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      // Whoever uses this as a library has the program in the cache.
      program.protocol === "file:" ? "--no-remote" : "--cached-only",
      "--no-npm",
      `--v8-flags=--max-old-space-size=${megabytes},--max-semi-space-size=4`,
      program.href,
      String(timeMs),
      String(memory),
    ],
    clearEnv: true,
    env: {
      DENO_NO_UPDATE_CHECK: "1",
      NO_COLOR: "1",
      ...(cache !== undefined && { DENO_DIR: cache }),
      ...(home !== undefined && { HOME: home }),
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  });
}

/** One process. It does one job at a time. */
export class Cell {
  readonly #limits: CellLimits;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #heard: ((answer: CellAnswer | "up") => void) | null = null;
  #ended = false;
  /** Whether it has begun. */
  readonly ready: Promise<boolean>;

  constructor(limits: CellLimits) {
    this.#limits = limits;
    this.#child = command(limits).spawn();
    this.#writer = this.#child.stdin.getWriter();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => this.end(), limits.startMs);
    this.#heard = (said) => {
      clearTimeout(timer);
      if (said !== "up") this.end();
      resolve(said === "up");
    };
    this.ready = promise;
    void this.#listen();
  }

  get ended(): boolean {
    return this.#ended;
  }

  async run(job: FilterJob): Promise<CellAnswer> {
    if (!await this.ready || this.#ended) return "unready";
    const { promise, resolve } = Promise.withResolvers<CellAnswer | "up">();
    this.#heard = resolve;
    this.#writer.write(new TextEncoder().encode(JSON.stringify(job) + "\n")).catch(() => {});
    const timer = setTimeout(() => this.#tell("over"), this.#limits.timeMs * MOST_ROUNDS);
    const answer = await promise;
    clearTimeout(timer);
    if (typeof answer !== "string") return answer;
    this.end();
    return answer === "up" ? "broken" : answer;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    this.#writer.abort().catch(() => {});
    this.#tell("broken");
  }

  #tell(answer: CellAnswer | "up"): void {
    const heard = this.#heard;
    this.#heard = null;
    if (heard) heard(answer);
    else this.end(); // It speaks without being asked: it goes on behind its answer, or is no longer ours.
  }

  async #listen(): Promise<void> {
    let held = "";
    try {
      for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
        const lines = (held + chunk).split("\n");
        held = lines.pop() ?? "";
        if (held.length > LINE) break;
        for (const line of lines) this.#tell(read(line));
      }
    } catch {
      // It is as if it had ended.
    }
    this.end();
    await this.#child.status;
  }
}

/** Whatever the process says, it is text of ours to read only if it has this shape. */
function read(line: string): CellAnswer | "up" {
  try {
    const value = JSON.parse(line) as unknown;
    if (value === "up" || value === "over") return value;
    if (typeof value === "object" && value !== null) {
      const { said, failed } = value as { said?: unknown; failed?: unknown };
      if (typeof said === "string") return { said };
      if (typeof failed === "string") return { failed: failed.replace(/[\p{Cc}\s]+/gu, " ").slice(0, 300) };
    }
  } catch {
    // It is nothing.
  }
  return "broken";
}
