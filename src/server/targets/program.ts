/**
 * A message for a program: on its standard input, without a shell, in a group of processes of its own that is ended
 * when its time or its output is over. What it writes is read to a bound, its first words are for the journal.
 */
import { latin1Bytes } from "../../base/bytes.ts";
import { FromCrlf, printFromLine } from "../../archive/mod.ts";
import { printable } from "../outbound/transports/printable.ts";
import type { TransportMessage } from "../outbound/transports/transport.ts";
import type { ProgramConfig } from "../config/delivery.ts";
import { readExit } from "./exit_codes.ts";
import { later, type Place } from "./place.ts";
import { environmentOf, fillIn, programWords } from "./program_words.ts";

const SAID_LIMIT = 1_024;
/** For output of children that outlive the program. */
const DRAIN_MS = 500;

/** `now`: milliseconds by the wall clock. */
export function programPlace(config: ProgramConfig, now: () => number): Place {
  return async (message, way, signal) => {
    const words = programWords(message, way);
    const [file = "", ...rest] = config.command;
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(file, {
        args: [...rest.map((one) => fillIn(one, words)), ...way.arguments],
        clearEnv: true,
        env: { ...environmentOf(words, message), ...config.environment },
        cwd: config.directory ?? "/",
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        detached: true,
      }).spawn();
    } catch (error) {
      return later(`it cannot be started: ${printable(String(error), 200)}`, "4.3.5", true);
    }
    return await supervise(child, message, config, signal, now);
  };
}

async function supervise(
  child: Deno.ChildProcess,
  message: TransportMessage,
  config: ProgramConfig,
  signal: AbortSignal,
  now: () => number,
) {
  let why: string | null = null;
  const end = (reason: string): void => {
    why ??= reason;
    killGroup(child.pid);
  };
  const timer = setTimeout(() => end(`it did not end within ${config.timeout / 1000} seconds`), config.timeout);
  const cut = (): void => end("the server stops");
  signal.addEventListener("abort", cut, { once: true });
  if (signal.aborted) cut();
  const said = new Said(config.output, () => end(`it wrote more than ${config.output} octets`));
  const outputs = [child.stdout, child.stderr].map((stream) => said.read(stream));
  const fed = feed(child.stdin, message, config, now).catch((error) => {
    // A program may end without reading all; what cannot be read of our own store is our fault.
    if (error instanceof Broken) end(error.message);
  });
  try {
    const { code, signal: by } = await child.status;
    clearTimeout(timer);
    // Children that it left behind hold its output, and are not waited for.
    const left = setTimeout(() => killGroup(child.pid), DRAIN_MS);
    await Promise.race([Promise.all([...outputs, fed]), new Promise((done) => setTimeout(done, 2 * DRAIN_MS))]);
    clearTimeout(left);
    said.stop();
    if (why !== null) return later(why, "4.3.0", why !== "the server stops");
    if (by !== null) return later(`it was ended by ${by}${said.text === "" ? "" : `: ${said.text}`}`);
    return readExit(code, said.text);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cut);
    killGroup(child.pid);
  }
}

class Broken extends Error {}

async function feed(
  stdin: WritableStream<Uint8Array>,
  message: TransportMessage,
  { lineEnds, fromLine }: ProgramConfig,
  now: () => number,
): Promise<void> {
  const writer = stdin.getWriter();
  writer.closed.catch(() => {});
  const lines = new FromCrlf(lineEnds === "crlf" ? "crlf" : "");
  try {
    const { reversePath: sender } = message.sender;
    if (fromLine) await writer.write(latin1Bytes(`${printFromLine({ sender, date: now() })}\n`));
    for await (const piece of read(message)) await writer.write(lines.push(piece));
    await writer.write(lines.finish());
    await writer.close();
  } catch (error) {
    await writer.abort().catch(() => {});
    throw error;
  }
}

async function* read(message: TransportMessage): AsyncIterable<Uint8Array> {
  try {
    yield* message.octets();
  } catch (error) {
    throw new Broken(`the message cannot be read: ${String(error)}`);
  }
}

/** What a program writes: the beginning is kept, the rest counted. */
class Said {
  readonly #most: number;
  readonly #tooMuch: () => void;
  readonly #readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  #octets = 0;
  #text = "";

  constructor(most: number, tooMuch: () => void) {
    this.#most = most;
    this.#tooMuch = tooMuch;
  }

  /** One line. */
  get text(): string {
    return printable(this.#text.trim().replace(/\s+/g, " "), 300);
  }

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const reader = stream.getReader();
    this.#readers.push(reader);
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        this.#octets += value.length;
        if (this.#text.length < SAID_LIMIT) this.#text += decoder.decode(value.subarray(0, SAID_LIMIT));
        if (this.#octets > this.#most) this.#tooMuch();
      }
    } catch {
      // its end is known by its exit code
    }
  }

  stop(): void {
    for (const reader of this.#readers) void reader.cancel().catch(() => {});
  }
}

/** All that the program started and did not set free. */
function killGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch {
    // nobody is left
  }
}
