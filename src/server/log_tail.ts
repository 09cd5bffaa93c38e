/**
 * The log for whoever looks on: its last lines, and those that come. Nobody who reads slowly holds anything up, or makes
 * anything grow: what he does not take in time he does not get, and is told so.
 */
import type { LogDesk, LogEntry, LogFilter, LogReader } from "../http/log_desk.ts";
import type { Logger, LogLevel } from "./log.ts";

/** Lines that are kept for whoever comes, and that wait for one who reads. */
const KEPT = 1_000;
const MOST_WAITING = 1_000;
const MOST_READERS = 20;
const LONGEST = 1_000;

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

interface Reading {
  readonly filter: LogFilter;
  readonly waiting: LogEntry[];
  lost: number;
  isOver: boolean;
  wake: () => void;
}

export class LogTail implements LogDesk {
  readonly #now: () => number;
  readonly #kept: LogEntry[] = [];
  readonly #readings = new Set<Reading>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A logger that says it here too. */
  over(logger: Logger): Logger {
    return {
      log: (level, event, fields = {}) => {
        logger.log(level, event, fields);
        this.#hear({ at: this.#now(), level, event, fields });
      },
      flush: () => logger.flush(),
    };
  }

  read(filter: LogFilter, last: number): LogReader | null {
    if (this.#readings.size >= MOST_READERS) return null;
    const fitting = this.#kept.filter((one) => fits(one, filter));
    const reading: Reading = {
      filter,
      waiting: last === 0 ? [] : fitting.slice(-last),
      lost: 0,
      isOver: false,
      wake: () => {},
    };
    this.#readings.add(reading);
    return {
      async take() {
        if (reading.waiting.length === 0 && !reading.isOver) await new Promise<void>((wake) => reading.wake = wake);
        const { lost } = reading;
        reading.lost = 0;
        return { entries: reading.waiting.splice(0), lost, isOver: reading.isOver };
      },
      close: () => this.#end(reading),
    };
  }

  /** The server stops. */
  close(): void {
    for (const reading of [...this.#readings]) this.#end(reading);
  }

  #end(reading: Reading): void {
    this.#readings.delete(reading);
    reading.isOver = true;
    reading.wake();
  }

  #hear(entry: LogEntry): void {
    if (entry.level !== "debug") this.#kept.push(entry);
    if (this.#kept.length > KEPT) this.#kept.splice(0, KEPT / 10);
    for (const reading of this.#readings) {
      if (!fits(entry, reading.filter)) continue;
      if (reading.waiting.length < MOST_WAITING) reading.waiting.push(entry);
      else reading.lost++;
      reading.wake();
    }
  }
}

function fits({ level, event, fields }: LogEntry, filter: LogFilter): boolean {
  if (ORDER[level] < ORDER[filter.level]) return false;
  if (filter.event !== undefined && !event.startsWith(filter.event)) return false;
  const { text } = filter;
  if (text === undefined) return true;
  return Object.values(fields).some((value) => typeof value === "string" && value.slice(0, LONGEST).includes(text));
}
