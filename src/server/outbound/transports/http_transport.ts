/**
 * A message handed over by HTTP: to the API of a service that sends for us.
 *
 * - One POST a message; no redirect is followed, since it would take our secret elsewhere.
 * - An answer is read to a limit and for a time; what does not come is a temporary failure, and the key that goes with
 *   every attempt (`Idempotency-Key`) lets the service know the message when it comes again.
 */
import { Buffer } from "node:buffer";
import { concatBytes } from "../../../base/bytes.ts";
import type { RelayConfig } from "../../config/config.ts";
import { BODY_LIMIT, readHttpAnswer } from "./http_answer.ts";
import { httpBody } from "./http_body.ts";
import type { MailTransport, TransportAnswer, TransportMessage } from "./transport.ts";

export interface HttpTransportOptions {
  /** Milliseconds by the wall clock. */
  readonly now: () => number;
  /** In place of the network. */
  readonly fetch?: typeof fetch;
  /** For the request and its answer; a large message has a second more for each 50 KB. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;
const OCTETS_A_SECOND = 50_000;
/** Smaller messages are sent as one piece whose length is told before; larger ones as they are read. */
const IN_ONE_PIECE = 1024 * 1024;

/** The relay is one of protocol `http`. Nothing is connected before the first message. */
export function httpTransport(relay: RelayConfig, options: HttpTransportOptions): MailTransport {
  const http = relay.http!;
  let client: Promise<Deno.HttpClient | null> | null = null;
  return {
    recipients: http.recipients,
    async send(message, signal): Promise<TransportAnswer> {
      client ??= clientOf(relay);
      const timeout = (options.timeoutMs ?? TIMEOUT_MS) + 1000 * Math.ceil(message.size / OCTETS_A_SECOND);
      const over = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
      const made = await client.catch((error) => {
        client = null; // the file may be there the next time
        throw error;
      });
      const response = await (options.fetch ?? fetch)(http.url, {
        ...await requestOf(message, relay),
        redirect: "manual",
        signal: over,
        ...(made === null ? {} : { client: made }),
      });
      const { status, headers } = response;
      const body = new TextDecoder().decode(await upTo(BODY_LIMIT, response, over));
      const addresses = message.recipients.map(({ forwardPath }) => forwardPath);
      return readHttpAnswer({ status, retryAfter: headers.get("retry-after"), body }, addresses, options.now());
    },
  };
}

async function requestOf(message: TransportMessage, relay: RelayConfig): Promise<RequestInit> {
  const http = relay.http!;
  const { contentType, headers, octets } = httpBody(message, http, `palomar${message.key}`);
  const fields = new Headers({
    ...headers,
    "content-type": contentType,
    "accept": "application/json",
    "idempotency-key": message.key,
    "user-agent": "Palomar",
  });
  if (http.token) fields.set("authorization", `Bearer ${http.token.reveal()}`);
  if (relay.username !== null && relay.password !== null) {
    const login = Buffer.from(`${relay.username}:${relay.password.reveal()}`).toString("base64");
    fields.set("authorization", `Basic ${login}`);
  }
  for (const [name, value] of http.headers) fields.set(name, value.reveal());
  if (message.size > IN_ONE_PIECE) return { method: "POST", headers: fields, body: ReadableStream.from(octets) };
  return { method: "POST", headers: fields, body: new Uint8Array(concatBytes(await Array.fromAsync(octets))) };
}

/** With the relay's own authorities, where it has any; read once. */
async function clientOf({ ca }: RelayConfig): Promise<Deno.HttpClient | null> {
  return ca === null ? null : Deno.createHttpClient({ caCerts: [await Deno.readTextFile(ca)] });
}

/** The rest of a longer answer is not read. */
async function upTo(limit: number, { body }: Response, signal: AbortSignal): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const stop = (): void => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  const pieces: Uint8Array[] = [];
  try {
    for (let size = 0; size < limit;) {
      const { value, done } = await reader.read();
      if (done) break;
      pieces.push(value.subarray(0, limit - size));
      size += value.length;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await reader.cancel().catch(() => {});
  }
  signal.throwIfAborted();
  return concatBytes(pieces);
}
