/**
 * What an interop scenario is: one thing that a real client, server or attacker does to a running Palomar. Its rules:
 * it asserts, it is bounded in time, and whatever it starts ends with it (`defer`).
 */
import { join } from "node:path";
import { type Palomar, type PalomarOptions, startPalomar } from "./palomar.ts";

export interface Scenario {
  /** What happens and what must come of it: `swaks: relaying is refused`. */
  readonly name: string;
  /** Programs that it runs; where one is missing the scenario is skipped. */
  readonly needs?: readonly string[];
  /** It can only run as root. */
  readonly root?: boolean;
  /** Bound of the whole, in seconds; 60 where it says nothing. */
  readonly seconds?: number;
  /** Throws where something is not as it must be. A text it gives is shown behind the name: counts, times. */
  run(stage: Stage): Promise<string | void>;
}

/** Sizes of the scenarios that can be run small or large. */
export interface Sizes {
  /** Messages in the mailbox that mbsync synchronises. */
  readonly messages: number;
  /** Rounds of whatever goes in rounds. */
  readonly rounds: number;
}

/** A program's end. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Exit codes that are no failure; `[0]` where nothing is said, `"any"` where the scenario looks itself. */
  readonly codes?: readonly number[] | "any";
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What a scenario works with: a folder, programs, a Palomar that all share, and others of its own. */
export class Stage {
  readonly folder: string;
  readonly sizes: Sizes;
  /** Aborted when the time is up. */
  readonly signal: AbortSignal;
  /** The server that scenarios share; accounts made by `palomar.account()` are the scenario's own. */
  readonly palomar: Palomar;
  readonly #ends: (() => unknown)[] = [];

  constructor(palomar: Palomar, folder: string, sizes: Sizes, signal: AbortSignal) {
    this.palomar = palomar;
    this.folder = folder;
    this.sizes = sizes;
    this.signal = signal;
  }

  /** Runs `end` when the scenario is over, last one first. */
  defer(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Starts a server of the scenario's own in a folder below its own. */
  async startPalomar(domain: string, options: PalomarOptions = {}): Promise<Palomar> {
    const folder = join(this.folder, domain);
    await Deno.mkdir(folder, { recursive: true });
    const server = await startPalomar(folder, domain, options);
    this.defer(() => server.stop());
    return server;
  }

  /** Runs a program to its end, killed when the time is up. Throws, with what it said, for an unwanted exit code. */
  async run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = new Deno.Command(program, {
      args: [...args],
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      env: { LC_ALL: "C.UTF-8", ...options.env },
      cwd: options.cwd ?? this.folder,
      signal: this.signal,
    }).spawn();
    const output = child.output();
    if (options.stdin !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(encoder.encode(options.stdin)).catch(() => {}); // it may end without reading
      await writer.close().catch(() => {});
    }
    const { code, stdout, stderr } = await output;
    const ran = { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    const codes = options.codes ?? [0];
    if (codes !== "any" && !codes.includes(code)) {
      throw new Error(`${program} ended with ${code}\n${tail(ran.stdout)}\n${tail(ran.stderr)}`);
    }
    return ran;
  }

  /** Ends what the scenario began. */
  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) {
      try {
        await end();
      } catch { /* it has ended already */ }
    }
  }
}

/** A pause, for polling and for load that runs a random while; never in place of waiting for something. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks `look` again and again until it gives something; throws after `seconds`. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  seconds = 20,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await pause(100);
  }
}

function tail(text: string): string {
  return text.length > 3000 ? "…" + text.slice(-3000) : text;
}
