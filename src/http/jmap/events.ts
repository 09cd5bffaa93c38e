/** GET /jmap/events: news as they happen (RFC 8620 section 7.3), in text/event-stream. */
import type { Hono } from "hono";
import { utf8Bytes } from "../../base/bytes.ts";
import type { JmapUser } from "../../jmap/mod.ts";
import { ProblemError } from "../problem.ts";
import type { JmapVariables } from "./login.ts";
import { PUSH_TYPES, type PushHub, type PushType } from "./push_hub.ts";

/** Streams of one account, and of all. */
const STREAMS_EACH = 50;
const STREAMS = 20_000;
/** Seconds between two pings: what the client asks for, within these. */
const PING = { least: 10, most: 900 };
/** Events that wait for a client who does not read. */
const WAITING = 100;

/** Streams that are open, by account. */
export class OpenStreams {
  readonly #streams = new Map<string, Set<() => void>>();
  #count = 0;

  /** Null: there are too many. */
  add(address: string, end: () => void): (() => void) | null {
    const own = this.#streams.get(address) ?? new Set();
    if (own.size >= STREAMS_EACH || this.#count >= STREAMS) return null;
    this.#streams.set(address, own.add(end));
    this.#count++;
    return () => {
      if (!own.delete(end)) return;
      this.#count--;
      if (own.size === 0 && this.#streams.get(address) === own) this.#streams.delete(address);
    };
  }

  /** The password changed, or the account is gone: whoever listens must log in again. */
  end(address: string): void {
    for (const end of [...this.#streams.get(address) ?? []]) end();
  }
}

/** The route. */
export function events(app: Hono<{ Variables: JmapVariables }>, hub: PushHub, open: OpenStreams): void {
  app.get("/events", (c) => {
    const types = readTypes(c.req.query("types") ?? "*");
    const closeafter = c.req.query("closeafter") ?? "no";
    const ping = Number(c.req.query("ping") ?? 0);
    if (types === null || !["state", "no"].includes(closeafter) || !Number.isInteger(ping) || ping < 0) {
      throw new ProblemError({
        status: 400,
        code: "invalid",
        detail: "types is * or names with commas, closeafter is state or no, ping is a number of seconds.",
      });
    }
    const interval = ping === 0 ? 0 : Math.min(PING.most, Math.max(PING.least, ping));
    const stream = streamOf(c.get("user"), types, closeafter === "state", interval, hub, open);
    if (stream === null) {
      throw new ProblemError({
        status: 429,
        code: "tooMany",
        detail: "Too many are listening; close some.",
        headers: { "retry-after": "30" },
      });
    }
    return new Response(stream, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
    });
  });
}

function readTypes(text: string): readonly PushType[] | null {
  if (text === "*") return PUSH_TYPES;
  const asked = text.split(",");
  // Types that are not known may come with extensions that are not there: they never change.
  return asked.every((type) => /^[A-Za-z]{1,60}$/.test(type))
    ? PUSH_TYPES.filter((type) => asked.includes(type))
    : null;
}

function streamOf(
  user: JmapUser,
  wanted: readonly PushType[],
  closeAfterState: boolean,
  interval: number,
  hub: PushHub,
  open: OpenStreams,
): ReadableStream<Uint8Array> | null {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const ends: (() => void)[] = [];
  const end = (close: boolean): void => {
    for (const one of ends.splice(0)) one();
    const last = controller;
    controller = null;
    if (close) last?.close();
  };
  const send = (octets: Uint8Array): void => {
    if (!controller) return;
    // Nobody reads: news of states are worth nothing later.
    if ((controller.desiredSize ?? 0) < -WAITING) return end(true);
    controller.enqueue(octets);
  };
  const leave = open.add(user.address, () => end(true));
  if (leave === null) return null;
  ends.push(leave);
  return new ReadableStream<Uint8Array>({
    start(started) {
      controller = started;
      send(utf8Bytes(": listening\n\n"));
      for (const { accountId } of user.accounts) {
        ends.push(hub.listen(accountId, (change) => {
          const types = wanted.filter((type) => change.types.has(type));
          if (types.length === 0) return;
          send(change.line(types));
          if (closeAfterState) end(true);
        }));
      }
      if (interval > 0) {
        const ping = utf8Bytes(`event: ping\ndata: {"interval":${interval}}\n\n`);
        const timer = setInterval(() => send(ping), interval * 1000);
        ends.push(() => clearInterval(timer));
      }
    },
    cancel: () => end(false),
  });
}
