/** A line of the server's log. */
export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** Which lines somebody wants. */
export interface LogFilter {
  /** This one, and what matters more. */
  readonly level: LogEntry["level"];
  /** How the event begins. */
  readonly event?: string;
  /** A part of one of its values: an account, an address, the id of a message, a session or a request. */
  readonly text?: string;
}

/** Somebody who looks on. */
export interface LogReader {
  /** What has come, when there is some. `lost`: lines that he was too slow for. */
  take(): Promise<{ readonly entries: readonly LogEntry[]; readonly lost: number; readonly isOver: boolean }>;
  close(): void;
}

/** The log as it is written. */
export interface LogDesk {
  /** With the last lines that fit before those that come; null: too many look on already. */
  read(filter: LogFilter, last: number): LogReader | null;
}
