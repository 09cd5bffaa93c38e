/** A milter as a content filter: one connection a message, with a time for the connection and for each answer. */
import { createConnection, type Socket } from "node:net";
import {
  MilterBroken,
  type MilterDialogue,
  milterDialogue,
  type MilterReply,
  type MilterVerdict,
  PacketReader,
  readReply,
} from "../../abuse/milter/mod.ts";
import type { MilterConfig } from "../config/mod.ts";
import type { ContentFilter, FilterMessage, FilterVerdict } from "./content_filter.ts";

/** All of one message, however many answers it takes. */
const WHOLE_MS = 300_000;

/** A filter that asks the milter at `config`. */
export function milterFilter(config: MilterConfig, hostname: string): ContentFilter {
  const where = config.path ?? `${config.host}:${config.port}`;
  return {
    name: `milter ${where}`,
    onFailure: config.onFailure,
    timeoutMs: WHOLE_MS,
    async check(message, signal) {
      const line = new MilterLine(config, signal);
      try {
        await line.open();
        return verdictOf(await converse(milterDialogue({ ...message, hostname }), line, message));
      } finally {
        line.close();
      }
    },
  };
}

async function converse(dialogue: MilterDialogue, line: MilterLine, message: FilterMessage): Promise<MilterVerdict> {
  let step = dialogue.next();
  while (!step.done) {
    const { value } = step;
    if (value.kind === "send") {
      await line.send(value.octets);
      step = dialogue.next();
    } else if (value.kind === "reply") step = dialogue.next(await line.reply());
    else step = dialogue.next(await message.read(value.start, value.end));
  }
  return step.value;
}

function verdictOf(verdict: MilterVerdict): FilterVerdict {
  if (verdict.action !== "accept") return verdict;
  const { fields, remove, quarantine } = verdict;
  const changes = { fields, remove };
  return quarantine === null
    ? { action: "accept", ...changes }
    : { action: "quarantine", reason: quarantine, ...changes };
}

/** The socket: what comes is packets, and whoever waits for one does not wait for ever. */
class MilterLine {
  readonly #config: MilterConfig;
  readonly #reader = new PacketReader();
  readonly #socket: Socket;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(config: MilterConfig, signal: AbortSignal) {
    this.#config = config;
    this.#socket = createConnection(
      config.path === undefined ? { host: config.host, port: config.port } : { path: config.path },
    );
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new MilterBroken("it closed the connection")));
    this.#socket.on("data", (octets: Uint8Array) => {
      this.#reader.push(octets);
      this.#wake?.();
    });
    signal.addEventListener("abort", () => this.#socket.destroy(), { once: true });
  }

  open(): Promise<void> {
    return this.#until(() => this.#socket.connecting ? null : true, "connection", "connect").then(() => {});
  }

  async send(octets: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (!this.#socket.write(octets)) {
      await this.#until(() => this.#socket.writableNeedDrain ? null : true, "reading", "drain");
    }
  }

  async reply(): Promise<MilterReply> {
    const packet = await this.#until(() => this.#reader.next(), "answer");
    return readReply(packet);
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  /** Waits until `look` has something, at most for the configured time. What came before a failure still counts. */
  async #until<T>(look: () => T | null, what: string, event?: "connect" | "drain"): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let late = false;
    const wake = (): void => this.#wake?.();
    if (event) this.#socket.once(event, wake);
    try {
      for (;;) {
        const found = this.#failure && event ? null : look();
        if (found !== null) return found;
        if (this.#failure) throw this.#failure;
        if (late) throw new MilterBroken(`no ${what} came in time`);
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        timer ??= setTimeout(() => {
          late = true;
          this.#wake?.();
        }, this.#config.timeout);
        await promise;
      }
    } finally {
      this.#wake = null;
      clearTimeout(timer);
      if (event) this.#socket.off(event, wake);
    }
  }
}
