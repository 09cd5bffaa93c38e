/** GET /jmap/events: news as they happen (RFC 8620 section 7.3), in text/event-stream. */
import type { Context, Hono } from "hono";
import { utf8Bytes } from "../../base/bytes.ts";
import type { Login } from "../../contract/mod.ts";
import { type JmapUser, stateChange } from "../../jmap/mod.ts";
import { ProblemError } from "../problem.ts";
import type { JmapDesk } from "./desk.ts";
import type { JmapVariables } from "./login.ts";
import { LoginWatch } from "./login_watch.ts";
import type { OpenStreams } from "./open_streams.ts";
import { UserNews } from "./user_news.ts";

/** Seconds between two pings: what the client asks for, within these. */
const PING = { least: 10, most: 900 };
/** Events that wait for a client who does not read. */
const WAITING = 100;

/** What a client asks for in the URL. */
interface Asked {
  /** Null: all. */
  readonly types: readonly string[] | null;
  readonly closeAfterState: boolean;
  /** Seconds; 0: no pings. */
  readonly interval: number;
  /** What it has heard before; null: nothing. */
  readonly lastEventId: string | null;
}

/** The route. */
export function events(app: Hono<{ Variables: JmapVariables }>, desk: JmapDesk, open: OpenStreams): void {
  app.get("/events", async (c) => {
    const asked = readAsked(c);
    const [user, login, address] = [c.get("user"), c.get("login"), c.get("address")];
    const stream = new EventStream(asked, desk);
    const watch = new LoginWatch({ desk, login, credential: c.get("credential") }, () => stream.end());
    const leave = open.add(user.address, address, () => stream.end());
    if (leave === null) throw tooMany();
    stream.atEnd(leave);
    try {
      await stream.start(user, login, watch);
    } catch (error) {
      stream.end();
      throw error;
    }
    return new Response(stream.body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
    });
  });
}

/** Somebody has too many connections that wait. */
export function tooMany(): ProblemError {
  return new ProblemError({
    status: 429,
    code: "tooMany",
    detail: "Too many are listening; close some.",
    headers: { "retry-after": "30" },
  });
}

function readAsked(c: Context): Asked {
  const types = readTypes(c.req.query("types") ?? "*");
  const closeafter = c.req.query("closeafter") ?? "no";
  const ping = c.req.query("ping") ?? "0";
  if (types === undefined || !["state", "no"].includes(closeafter) || !/^\d{1,9}$/.test(ping)) {
    throw new ProblemError({
      status: 400,
      code: "invalid",
      detail: "types is * or names with commas, closeafter is state or no, ping is a number of seconds.",
    });
  }
  const seconds = Number(ping);
  return {
    types,
    closeAfterState: closeafter === "state",
    interval: seconds === 0 ? 0 : Math.min(PING.most, Math.max(PING.least, seconds)),
    lastEventId: c.req.header("last-event-id") ?? null,
  };
}

/** Null: all; undefined: it is no list. Types that are not known may come with extensions: they never change. */
function readTypes(text: string): readonly string[] | null | undefined {
  if (text === "*") return null;
  const asked = text.split(",");
  return text.length <= 2000 && asked.every((type) => /^[A-Za-z]{1,60}$/.test(type)) ? asked : undefined;
}

class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #asked: Asked;
  readonly #ends: (() => void)[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  readonly #desk: JmapDesk;
  #noPing = () => {};

  constructor(asked: Asked, desk: JmapDesk) {
    this.#asked = asked;
    this.#desk = desk;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      cancel: () => this.#leave(),
    });
    this.#ends.push(() => this.#noPing());
  }

  atEnd(call: () => void): void {
    this.#ends.push(call);
  }

  async start(user: JmapUser, login: Login, watch: LoginWatch): Promise<void> {
    const desk = this.#desk;
    const { types, closeAfterState, lastEventId } = this.#asked;
    const news = new UserNews({
      hub: desk.hub,
      find: () => desk.user(login, true),
      ended: () => this.end(),
      tell: (changed, id, made) => {
        // The id says what the client knows from now on; with it a next connection hears what was missed between.
        this.#send(made("event", () => event("state", stateChange(changed), id)));
        if (closeAfterState) this.end();
        else watch.look();
      },
    }, types);
    this.#ends.push(() => news.stop());
    await news.start(user);
    if (!this.#controller) return news.stop();
    this.#send(utf8Bytes(`: listening\nid: ${news.pushState}\n\n`));
    if (lastEventId !== null) await news.tellSince(lastEventId);
  }

  /** Ends it from our side. */
  end(): void {
    const controller = this.#controller;
    this.#leave();
    controller?.close();
  }

  #leave(): void {
    this.#controller = null;
    for (const one of this.#ends.splice(0)) one();
  }

  #send(octets: Uint8Array): void {
    if (!this.#controller) return;
    // Nobody reads: news of states are worth nothing later.
    if ((this.#controller.desiredSize ?? 0) < -WAITING) return this.end();
    this.#controller.enqueue(octets);
    this.#pingLater();
  }

  /** A ping comes when so much time has passed since the event before, whatever that was. */
  #pingLater(): void {
    const { interval } = this.#asked;
    if (interval === 0) return;
    this.#noPing();
    this.#noPing = this.#desk.later(interval * 1000, () => this.#send(event("ping", { interval }, null)));
  }
}

function event(name: string, data: unknown, id: string | null): Uint8Array {
  return utf8Bytes(`event: ${name}\n${id === null ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
}
