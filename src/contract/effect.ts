/** What a machine or a program asks of the driver. Effects are performed in order, each awaited before the next read. */
import { latin1Bytes } from "../base/bytes.ts";
import type { BlobId } from "./ids.ts";
import type { Args, Op } from "./ops.ts";

/** A question to the world; its answer is an input with the same id. */
export type Call = {
  [K in Op]: { readonly type: "call"; readonly id: number; readonly op: K; readonly args: Args<K> };
}[Op];

/** How a range of a blob is written. */
export type BlobEncoding =
  /** RFC 5321 section 4.5.2: dots stuffed, every line end CRLF, a final CRLF added where there is none. No final dot. */
  "dotStuffed";

/** Writes a range of a stored body; its octets never enter the core. */
export interface SendBlob {
  readonly type: "sendBlob";
  readonly blobId: BlobId;
  /** Octets `[start, end)` of the blob. */
  readonly start: number;
  readonly end: number;
  readonly encoding?: BlobEncoding;
  /** With `dotStuffed`: stop after so many lines (POP3 TOP). */
  readonly lines?: number;
}

/** One fact for the log. `fields` never hold a secret. */
export interface LogEvent {
  readonly type: "log";
  readonly level: "debug" | "info" | "warn";
  /** Dotted and stable: `smtp.refused`, `login`, `message.accepted` … */
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** All that a machine can ask for. */
export type Effect =
  | { readonly type: "send"; readonly bytes: Uint8Array }
  | SendBlob
  /** The chunk is borrowed. Errors are sticky and surface at `body.seal`. */
  | { readonly type: "bodyChunk"; readonly sink: number; readonly chunk: Uint8Array }
  /** Lets go of a sink, sealed or not. What `mail.accept` or `email.append` stored of it stays stored. */
  | { readonly type: "bodyAbort"; readonly sink: number }
  | Call
  /** The answer is not wanted any more. */
  | { readonly type: "cancel"; readonly id: number }
  /** Always the last effect of its step. */
  | { readonly type: "startTls" }
  /** What was sent goes out as it is; from here on both directions are deflated (RFC 4978). Always the last effect of its step. */
  | { readonly type: "compress" }
  | LogEvent
  /** Always the last effect of its step: what was sent is flushed, then the connection ends. */
  | { readonly type: "close" };

/** A line of latin1 or ASCII text with its CRLF. */
export function sendLine(line: string): Effect {
  return { type: "send", bytes: latin1Bytes(line + "\r\n") };
}

/** A fact for the log, as an effect. */
export function logEvent(level: LogEvent["level"], event: string, fields: LogEvent["fields"] = {}): LogEvent {
  return { type: "log", level, event, fields };
}
