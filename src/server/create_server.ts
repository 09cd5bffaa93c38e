/**
 * A whole server from its configuration. `start` opens the doors, `stop` closes them; `fetch` is the HTTP layer alone
 * and needs no door at all.
 */
import type { Input, Protocol, SessionInfo } from "../contract/mod.ts";
import type { HttpClient } from "../http/client.ts";
import type { HttpApp } from "../http/deps.ts";
import type { ReloadReport } from "../net/certificates.ts";
import { ConnectionLimits } from "../net/connection_limits.ts";
import { Deadlines } from "../net/deadlines.ts";
import { drive, type DriveOptions, type LiveSession } from "../net/drive.ts";
import type { Transport } from "../net/transport.ts";
import { systemClock } from "./clock.ts";
import type { Config, ListenerConfig } from "./config/mod.ts";
import { activateKeys } from "./dkim/activate_keys.ts";
import { type Behind, Doors } from "./doors.ts";
import { type House, openHouse, type ServerParts } from "./house.ts";
import { createOutbound, type Outbound } from "./outbound.ts";
import { exchangeAuthorities } from "./outbound/authorities.ts";
import { within } from "./outbound/waiting.ts";
import { checkTransports } from "./outbound/transports/transports.ts";
import { ownLogger } from "./own_logger.ts";
import { type SessionMaker, sessionMaker } from "./sessions.ts";
import { every } from "./every.ts";
import { newSessionId } from "./submission.ts";
import { readiness } from "./readiness.ts";
import { Upkeep } from "./upkeep/mod.ts";
import { VERSION } from "./version.ts";

export type { ServerParts } from "./house.ts";

/** What `Deno.serve` tells its handler of a connection. */
export interface ServeInfo {
  readonly remoteAddr: Deno.Addr;
}

/** What `Server.serve` may be told of one connection. */
export type ServeOptions = Pick<DriveOptions, "trace">;

/** A server, started or not. */
export interface Server {
  /** Opens the store and every listener; rejects, with nothing left open, where one cannot be had. */
  start(): Promise<void>;
  /** Stops accepting, lets what runs finish for the configured grace, closes the store. */
  stop(): Promise<void>;
  /** Reads the certificates again; connections that are there stay. */
  reload(): Promise<readonly ReloadReport[]>;
  /** Where it listens in fact, once it has started. */
  readonly addresses: readonly ListenerConfig[];
  /** The certificate of the server's own authority, or null where certificates are configured. */
  readonly caFile: string | null;
  /** The bearer token of the HTTP admin, once the server is open. */
  readonly adminToken: { readonly value: string; readonly fresh: boolean };
  /**
   * The HTTP layer: for `deno serve`, an edge, or a test. Opens the store if need be; 503 while that fails. `client` is
   * who asks, as `Deno.serve` tells it or as the caller knows. Rejects once the server was stopped.
   */
  fetch(request: Request, client?: HttpClient | ServeInfo): Promise<Response>;
  /** Takes over a connection that came another way than through a listener, and runs its session to the end. */
  serve(protocol: Protocol, transport: Transport, options?: ServeOptions): Promise<void>;
}

/** How soon bans of other servers hold here. */
const SHARED_MS = 10_000;
/** After it could not be opened. */
const REOPEN_MS = 1_000;
/** What was counted is in the store after so long. */
const STATISTICS_MS = 60_000;
const RECLAIM_EVERY_MS = 600_000;
const ACTIVATE_KEYS_EVERY_MS = 3_600_000;

/**
 * Makes a server; nothing is opened yet.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createServer, demoConfig } from "../../mod.ts";
 * const server = createServer({ ...demoConfig("./data"), storage: { driver: "memory" }, listeners: [] });
 * const answer = await server.fetch(new Request("http://localhost/health"));
 * assert(answer.status === 200);
 * await server.stop();
 * ```
 */
export function createServer(config: Config, parts: ServerParts = {}): Server {
  return new PalomarServer(config, parts);
}

class PalomarServer implements Server {
  readonly #config: Config;
  readonly #parts: ServerParts;
  readonly #limits: ConnectionLimits;
  readonly #deadlines: Deadlines | null;
  /** Connections that came through `serve`: nobody else would end them, or wait for their end. */
  readonly #live = new Set<LiveSession>();
  /** Requests under way that came through `fetch`. */
  readonly #answers = new Set<Promise<Response>>();
  readonly #served = new Map<Transport, Promise<void>>();
  #unhook: (() => void) | undefined;
  #opening: Promise<House> | null = null;
  /** When opening failed last, on the monotonic clock. */
  #failed: number | null = null;
  #told: unknown = null;
  #house: House | null = null;
  #app: Promise<HttpApp> | null = null;
  readonly #doors: Doors;
  #outbound: Outbound | null = null;
  /** A server that is only asked by `fetch` runs when it is open. */
  #phase: "starting" | "running" = "running";
  #reclaiming: ReturnType<typeof setInterval> | undefined;
  #activating: ReturnType<typeof setInterval> | undefined;
  #upkeep: Upkeep | null = null;
  /** Ends the asking for bans of other servers. */
  #sharing = () => {};
  #counting = () => {};
  #stopping: Promise<void> | null = null;

  constructor(config: Config, parts: ServerParts) {
    this.#config = config;
    this.#parts = parts;
    this.#doors = new Doors(config);
    this.#limits = new ConnectionLimits({
      total: config.limits.connections,
      perAddress: config.limits.connectionsPerAddress,
      perAddressPerMinute: config.limits.connectionRate,
      trusted: config.abuse.trusted,
      isBanned: (address) => this.#house?.guard.refusesAtDoor(address) ?? false,
    });
    const clock = parts.clock;
    this.#deadlines = clock && clock !== systemClock
      ? new Deadlines(() => clock.monotonic(), { timers: clock.alarm === undefined })
      : null;
  }

  get addresses(): readonly ListenerConfig[] {
    return this.#doors.addresses;
  }

  get caFile(): string | null {
    return this.#doors.caFile;
  }

  get adminToken(): House["adminToken"] {
    if (!this.#house) throw new Error("the server is not open yet");
    return this.#house.adminToken;
  }

  async start(): Promise<void> {
    this.#phase = "starting";
    try {
      const house = await this.#open();
      const behind = this.#behind(house);
      for (const listener of this.#config.listeners) await this.#doors.open(behind, listener);
      if (this.#config.storage.driver !== "memory" && !this.#parts.storage) await this.#doors.openControl(behind);
      this.#startOutbound(house, await exchangeAuthorities(this.#config, this.#parts));
      house.dmarcReports.start();
      house.webhooks.start();
      const { storage, clock, logger, metrics } = house;
      this.#upkeep = new Upkeep({ config: this.#config, storage, clock, logger, metrics });
      this.#upkeep.start();
      house.webPush.start();
      this.#counting = every(clock, STATISTICS_MS, () => void house.statistics.flush());
      this.#reclaiming = setInterval(() => void this.#reclaim(house), RECLAIM_EVERY_MS);
      this.#activating = setInterval(() => void activateKeys(house.dkim, house.logger), ACTIVATE_KEYS_EVERY_MS);
      for (const timer of [this.#reclaiming, this.#activating]) Deno.unrefTimer(timer as unknown as number);
      this.#phase = "running";
      house.logger.log("info", "server.started", { version: VERSION, hostname: this.#config.hostname });
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#close();
  }

  reload(): Promise<readonly ReloadReport[]> {
    return this.#doors.reload(this.#house?.logger);
  }

  async fetch(request: Request, client?: HttpClient | ServeInfo): Promise<Response> {
    let app: HttpApp;
    try {
      app = await this.#httpApp(await this.#open());
    } catch (error) {
      if (this.#stopping) throw error;
      this.#tellOnce(error);
      return unavailable();
    }
    const answer = app.fetch(request, client && ("remoteAddr" in client ? clientOf(client) : client));
    this.#answers.add(answer);
    return await answer.finally(() => this.#answers.delete(answer));
  }

  async serve(protocol: Protocol, transport: Transport, options: ServeOptions = {}): Promise<void> {
    const house = await this.#open();
    if (this.#stopping) return transport.destroy();
    const make = sessionMaker(this.#config, protocol, "starttls");
    const served = this.#runSession(house, protocol, make, transport, this.#live, options);
    this.#served.set(transport, served);
    await served.finally(() => this.#served.delete(transport));
  }

  #open(): Promise<House> {
    if (this.#stopping) return Promise.reject(new Error("the server has been stopped"));
    // Where the database was away it may be back; but not every request tries.
    if (this.#failed !== null && performance.now() > this.#failed + REOPEN_MS) this.#opening = this.#failed = null;
    return this.#opening ??= openHouse(this.#config, this.#parts).catch((error) => {
      this.#failed = performance.now();
      throw error;
    }).then((house) => {
      house.metrics.gaugeOf("palomar_connections", "Connections of mail clients now.", () => this.#limits.total);
      const deadlines = this.#deadlines;
      if (deadlines) {
        this.#unhook = house.clock.alarm?.({ next: () => deadlines.next, tick: () => deadlines.tick() });
      }
      // Those of other nodes hold here too, whether there are listeners or only requests.
      if (this.#config.storage.driver === "postgres") {
        this.#sharing = every(house.clock, SHARED_MS, () => {
          void house.guard.parts.book.sync();
          house.serverScripts.load().catch((error: unknown) => {
            house.logger.log("error", "sieve.serverScripts", { error: String(error) });
          });
        });
      }
      return this.#house = house;
    });
  }

  /** Requests that come meanwhile fail of the same. */
  #tellOnce(error: unknown): void {
    if (this.#told === error) return;
    this.#told = error;
    const logger = this.#parts.logger ?? ownLogger(this.#config, this.#parts.clock ?? systemClock);
    logger.log("error", "server.notOpened", { error: String((error as Error)?.message ?? error) });
  }

  #httpApp(house: House): Promise<HttpApp> {
    return this.#app ??= house.http(false, this.#state());
  }

  #state(): Parameters<House["http"]>[1] {
    return {
      health: () => ({ status: this.#stopping ? "stopping" : "ok", version: VERSION }),
      ready: async () => {
        const folder = this.#config.storage.driver === "sqlite" ? this.#config.dataDir : null;
        const house = this.#house!; // whoever asks came through it
        return await readiness({ storage: house.storage, folder }, this.#stopping ? "stopping" : this.#phase);
      },
      queueChanged: () => this.#outbound?.retry(),
    };
  }

  #startOutbound(house: House, ca: string | null): void {
    const { storage, resolver, clock, logger, metrics, signer, filter, runFilter, webhooks } = house;
    const { fetchPolicy, transports = {} } = this.#parts;
    checkTransports(this.#config.outbound, transports);
    const takesMail = (listener: ListenerConfig): boolean => listener.protocol === "smtp";
    this.#outbound = createOutbound({
      storage,
      resolve: (name, type) => resolver.resolve(name, type),
      signReport: (bytes) => signer.signReport(bytes, clock.wall()),
      sign: (args) => signer.sign(args),
      hostname: this.#config.hostname,
      policy: this.#config.outbound,
      forwarding: this.#config.forwarding,
      delivery: this.#config.delivery,
      filter,
      ...(runFilter && { runFilter }),
      tlsReports: this.#config.tlsReports,
      transports,
      clock,
      logger,
      metrics,
      settled: (attempted, outcomes, notices) => webhooks.tell({ kind: "settled", attempted, outcomes, notices }),
      ...(fetchPolicy === undefined ? {} : { fetchPolicy }),
      ...(ca === null ? {} : { ca }),
      ownEndpoints: () =>
        new Set(this.addresses.filter(takesMail).map((listener) => `${listener.address}:${listener.port}`)),
    });
    this.#outbound.start();
  }

  #behind(house: House): Behind {
    return {
      logger: house.logger,
      limits: this.#limits,
      run: (protocol, make, transport, sessions) => this.#runSession(house, protocol, make, transport, sessions),
      http: (trusted) => trusted ? house.http(true, this.#state()) : this.#httpApp(house),
    };
  }

  async #runSession(
    house: House,
    protocol: Protocol,
    make: SessionMaker,
    transport: Transport,
    sessions: Set<LiveSession>,
    options: ServeOptions = {},
  ): Promise<void> {
    const info: SessionInfo = {
      id: newSessionId(),
      protocol,
      remoteAddress: transport.remoteAddress,
      remotePort: transport.remotePort,
      localAddress: transport.localAddress,
      localPort: transport.localPort,
      tls: transport.tls,
    };
    const { logger, clock } = house;
    const opened = clock.monotonic();
    logger.log("info", "session.opened", {
      session: info.id,
      protocol,
      address: info.remoteAddress,
      tls: info.tls?.version ?? null,
    });
    let forget = (): void => {};
    const closed = house.openSessions.open(info, clock.wall(), () => transport.tls);
    await drive(make(), transport, house.world, info, {
      ...options,
      sessions,
      live: (live) => {
        const session = { post: (input: Input) => live.post(input), cut: () => transport.destroy() };
        forget = house.guard.sessions.add(info.remoteAddress, session);
        house.openSessions.endBy(info.id, () => live.post({ type: "shutdown" }));
      },
      ...(this.#deadlines ? { now: () => clock.monotonic(), deadlines: this.#deadlines } : {}),
    }).finally(() => {
      forget();
      closed();
    });
    logger.log("info", "session.closed", { session: info.id, seconds: Math.round(clock.monotonic() - opened) / 1000 });
  }

  async #reclaim(house: House): Promise<void> {
    try {
      const freed = await house.storage.reclaim();
      if (freed > 0) house.logger.log("info", "storage.reclaimed", { octets: freed });
    } catch (error) {
      house.logger.log("error", "storage.reclaimFailed", { error: String(error) });
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#reclaiming);
    clearInterval(this.#activating);
    const graceMs = this.#config.limits.shutdownGrace;
    for (const session of [...this.#live]) session.post({ type: "shutdown" });
    this.#house?.logTail.close();
    this.#house?.endStreams();
    await Promise.all([
      this.#endServed(graceMs),
      within(graceMs, Promise.allSettled([...this.#answers])),
      this.#doors.close(graceMs),
      this.#outbound?.stop(graceMs),
    ]);
    const house = await this.#opening?.catch(() => null);
    if (!house) return;
    this.#unhook?.();
    this.#sharing();
    this.#counting();
    await house.statistics.flush();
    await this.#upkeep?.stop();
    await house.webPush.stop();
    await house.dmarcReports.stop();
    await house.webhooks.stop();
    house.resolver.close();
    house.closeFilters();
    await house.storage.close();
    house.logger.log("info", "server.stopped");
    house.logger.flush();
  }

  async #endServed(graceMs: number): Promise<void> {
    if (this.#served.size === 0) return;
    const ends = Promise.allSettled([...this.#served.values()]);
    const timer = setTimeout(() => {
      for (const session of [...this.#live]) session.post({ type: "closed" });
      for (const transport of this.#served.keys()) transport.destroy();
    }, graceMs);
    await ends;
    clearTimeout(timer);
  }
}

function clientOf({ remoteAddr }: ServeInfo): HttpClient {
  return { address: "hostname" in remoteAddr ? remoteAddr.hostname : "" };
}

/** The store cannot be reached; why is in the log. */
function unavailable(): Response {
  const problem = { type: "about:blank", title: "Service Unavailable", status: 503, code: "unavailable" };
  return Response.json({ ...problem, detail: "The server cannot reach its store; try again later." }, {
    status: 503,
    headers: { "content-type": "application/problem+json", "retry-after": "5", "cache-control": "no-store" },
  });
}
