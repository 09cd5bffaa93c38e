/**
 * A whole server from its configuration. `start` opens the doors, `stop` closes them; `fetch` is the HTTP layer alone
 * and needs no door at all.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { Input, Protocol, SessionId, SessionInfo } from "../contract/mod.ts";
import type { HttpClient } from "../http/client.ts";
import type { HttpApp } from "../http/deps.ts";
import type { HttpListening, HttpTls } from "../http/serve.ts";
import { Certificates, type ReloadReport } from "../net/certificates.ts";
import { ConnectionLimits } from "../net/connection_limits.ts";
import { Deadlines } from "../net/deadlines.ts";
import { ensureDemoCertificate } from "../net/demo_ca.ts";
import { drive, type DriveOptions, type LiveSession } from "../net/drive.ts";
import { listen, type Listening } from "../net/listen.ts";
import type { Transport } from "../net/transport.ts";
import { systemClock } from "./clock.ts";
import type { Config, ListenerConfig } from "./config/mod.ts";
import { activateKeys } from "./dkim/activate_keys.ts";
import { type House, openHouse, type ServerParts } from "./house.ts";
import { createOutbound, type Outbound } from "./outbound.ts";
import { checkTransports } from "./outbound/transports/transports.ts";
import { refusalLine, sessionMaker } from "./sessions.ts";
import { every } from "./every.ts";
import { Upkeep } from "./upkeep/mod.ts";
import { VERSION } from "./version.ts";

export type { ServerParts } from "./house.ts";

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
  /** The HTTP layer: for `deno serve`, an edge, or a test. Opens the store if need be. */
  fetch(request: Request, client?: HttpClient): Promise<Response>;
  /** Takes over a connection that came another way than through a listener, and runs its session to the end. */
  serve(protocol: Protocol, transport: Transport, options?: ServeOptions): Promise<void>;
}

/** Socket of whoever administers the server on this machine; in the data folder. */
const CONTROL_SOCKET = "control.sock";
/** How soon bans of other servers hold here. */
const BANS_MS = 10_000;
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
  readonly #served = new Map<Transport, Promise<void>>();
  #unhook: (() => void) | undefined;
  #opening: Promise<House> | null = null;
  #house: House | null = null;
  #app: Promise<HttpApp> | null = null;
  #certificates: Certificates | null = null;
  #caFile: string | null = null;
  #addresses: ListenerConfig[] = [];
  #doors: Listening[] = [];
  #httpDoors: HttpListening[] = [];
  #outbound: Outbound | null = null;
  #reclaiming: ReturnType<typeof setInterval> | undefined;
  #activating: ReturnType<typeof setInterval> | undefined;
  #upkeep: Upkeep | null = null;
  /** Ends the asking for bans of other servers. */
  #sharing = () => {};
  #stopping: Promise<void> | null = null;

  constructor(config: Config, parts: ServerParts) {
    this.#config = config;
    this.#parts = parts;
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
    return this.#addresses;
  }

  get caFile(): string | null {
    return this.#caFile;
  }

  get adminToken(): House["adminToken"] {
    if (!this.#house) throw new Error("the server is not open yet");
    return this.#house.adminToken;
  }

  async start(): Promise<void> {
    try {
      const house = await this.#open();
      for (const listener of this.#config.listeners) await this.#openDoor(house, listener);
      if (this.#config.storage.driver !== "memory" && !this.#parts.storage) await this.#openControl(house);
      this.#startOutbound(house, await exchangeAuthorities(this.#config, this.#parts));
      house.dmarcReports.start();
      const { storage, clock, logger, metrics } = house;
      if (this.#config.storage.driver === "postgres") {
        this.#sharing = every(clock, BANS_MS, () => void house.guard.parts.book.sync());
      }
      this.#upkeep = new Upkeep({ config: this.#config, storage, clock, logger, metrics });
      this.#upkeep.start();
      this.#reclaiming = setInterval(() => void this.#reclaim(house), RECLAIM_EVERY_MS);
      this.#activating = setInterval(() => void activateKeys(house.dkim, house.logger), ACTIVATE_KEYS_EVERY_MS);
      for (const timer of [this.#reclaiming, this.#activating]) Deno.unrefTimer(timer as unknown as number);
      house.logger.log("info", "server.started", { version: VERSION, hostname: this.#config.hostname });
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#close();
  }

  async reload(): Promise<readonly ReloadReport[]> {
    const reports = await this.#certificates?.reload() ?? [];
    for (const report of reports) {
      if (report.ok) this.#house?.logger.log("info", "certificate.loaded", { file: report.certFile });
      else this.#house?.logger.log("error", "certificate.refused", { file: report.certFile, error: report.error });
    }
    return reports;
  }

  async fetch(request: Request, client?: HttpClient): Promise<Response> {
    const house = await this.#open();
    return await (await this.#httpApp(house)).fetch(request, client);
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
    return this.#opening ??= openHouse(this.#config, this.#parts).then((house) => {
      house.metrics.gaugeOf("palomar_connections", "Connections of mail clients now.", () => this.#limits.total);
      const deadlines = this.#deadlines;
      if (deadlines) {
        this.#unhook = house.clock.alarm?.({ next: () => deadlines.next, tick: () => deadlines.tick() });
      }
      return this.#house = house;
    });
  }

  #httpApp(house: House): Promise<HttpApp> {
    return this.#app ??= house.http(false, this.#state());
  }

  #state(): Parameters<House["http"]>[1] {
    return {
      health: () => ({ status: this.#stopping ? "stopping" : "ok", version: VERSION }),
      queueChanged: () => this.#outbound?.retry(),
    };
  }

  #startOutbound(house: House, ca: string | null): void {
    const { storage, resolver, clock, logger, metrics, signer, filter } = house;
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
      tlsReports: this.#config.tlsReports,
      transports,
      clock,
      logger,
      metrics,
      ...(fetchPolicy === undefined ? {} : { fetchPolicy }),
      ...(ca === null ? {} : { ca }),
      ownEndpoints: () =>
        new Set(this.#addresses.filter(takesMail).map((listener) => `${listener.address}:${listener.port}`)),
    });
    this.#outbound.start();
  }

  async #openDoor(house: House, listener: ListenerConfig): Promise<void> {
    if (listener.protocol === "http") return await this.#openHttp(house, listener);
    const { protocol, tls } = listener;
    const make = sessionMaker(this.#config, protocol, tls);
    const door = await listen({
      at: listener.path === undefined ? { address: listener.address, port: listener.port } : { path: listener.path },
      tls,
      ...(tls === "none" ? {} : { certificates: await this.#loadCertificates(house) }),
      handshakeTimeoutMs: this.#config.limits.handshakeTime,
      limits: this.#limits,
      refusalLine: (why) => refusalLine(protocol, why),
      proxies: this.#config.proxies,
      serve: (transport, sessions) => this.#runSession(house, protocol, make, transport, sessions),
      log: (event) => house.logger.log(event.level, event.event, { protocol, ...event.fields }),
    }).catch((error: Error) => {
      throw new Error(`${protocol} on ${placeOf(listener)}: ${error.message}`, { cause: error });
    });
    this.#doors.push(door);
    this.#addresses.push({ protocol, tls, ...door.address });
  }

  async #runSession(
    house: House,
    protocol: Protocol,
    make: ReturnType<typeof sessionMaker>,
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
    await drive(make(), transport, house.world, info, {
      ...options,
      sessions,
      live: (live) => {
        const session = { post: (input: Input) => live.post(input), cut: () => transport.destroy() };
        forget = house.guard.sessions.add(info.remoteAddress, session);
      },
      ...(this.#deadlines ? { now: () => clock.monotonic(), deadlines: this.#deadlines } : {}),
    }).finally(() => forget());
    logger.log("info", "session.closed", { session: info.id, seconds: Math.round(clock.monotonic() - opened) / 1000 });
  }

  async #openHttp(house: House, listener: ListenerConfig): Promise<void> {
    const { serveHttp } = await import("../http/mod.ts");
    const place = listener.path === undefined
      ? { address: listener.address, port: listener.port }
      : { path: listener.path };
    const app = await this.#httpApp(house);
    const tls = listener.tls === "implicit" ? this.#httpTls(await this.#loadCertificates(house)) : undefined;
    const door = await serveHttp(app, place, tls).catch((error: Error) => {
      throw new Error(`http on ${placeOf(listener)}: ${error.message}`, { cause: error });
    });
    this.#httpDoors.push(door);
    this.#addresses.push({ protocol: "http", tls: listener.tls, ...door.address });
  }

  #httpTls(certificates: Certificates): HttpTls {
    return {
      ...certificates.default,
      SNICallback: (name, done) => done(null, certificates.context(name)),
      minVersion: "TLSv1.2",
    };
  }

  /** Whoever may open the socket administers the server without a token: its mode is that of a key. */
  async #openControl(house: House): Promise<void> {
    const { serveHttp } = await import("../http/mod.ts");
    const app = await house.http(true, this.#state());
    const path = join(this.#config.dataDir, CONTROL_SOCKET);
    try {
      await Deno.mkdir(this.#config.dataDir, { recursive: true, mode: 0o700 });
      this.#httpDoors.push(await serveHttp(app, { path }));
    } catch (error) {
      if (this.#config.storage.driver === "sqlite") throw error;
      // A node without a disk: the command line works on the database itself.
      house.logger.log("warn", "control.unavailable", {
        socket: path,
        error: (error as Error).message,
        hint: "commands go to the database; give dataDir a folder that can be written for bans to be seen at once",
      });
    }
  }

  async #loadCertificates(house: House): Promise<Certificates> {
    if (this.#certificates) return this.#certificates;
    let files = this.#config.tls.certificates;
    if (files.length === 0) {
      const made = await ensureDemoCertificate(join(this.#config.dataDir, "tls"), [
        this.#config.hostname,
        "localhost",
        "127.0.0.1",
        "::1",
      ]).catch((error) => {
        const message = `no certificate is configured, and none can be made in ${this.#config.dataDir}`;
        throw new Error(`${message} (${(error as Error).message}): set tls.certificates`, { cause: error });
      });
      this.#caFile = made.caFile;
      files = [made];
      if (!this.#config.demo) {
        house.logger.log("warn", "certificate.selfMade", {
          hint: "no certificate is configured: clients will warn; set tls.certificates",
          authority: made.caFile,
        });
      }
    }
    return this.#certificates = await Certificates.load(files, await clientAuthorities(this.#config));
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
    await Promise.all([
      this.#endServed(graceMs),
      ...this.#doors.map((door) => door.close({ graceMs })),
      ...this.#httpDoors.map((door) => door.close(graceMs)),
      this.#outbound?.stop(graceMs),
    ]);
    const house = await this.#opening?.catch(() => null);
    if (!house) return;
    this.#unhook?.();
    this.#sharing();
    await this.#upkeep?.stop();
    await house.dmarcReports.stop();
    house.resolver.close();
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

function placeOf(listener: ListenerConfig): string {
  return listener.path ?? `${listener.address}:${listener.port}`;
}

/** 80 bits: nobody guesses a trace id. Letters and digits only, in lower case. */
function newSessionId(): SessionId {
  return BigInt("0x" + randomBytes(10).toString("hex")).toString(36) as SessionId;
}

/** One PEM text of all files, or null where clients have no certificates. */
async function clientAuthorities({ tls }: Config): Promise<string | null> {
  if (tls.clientAuthorities.length === 0) return null;
  return (await Promise.all(tls.clientAuthorities.map((file) => Deno.readTextFile(file)))).join("\n");
}

/** What the certificates of MX hosts may lead to, as PEM; null: what the runtime trusts. */
async function exchangeAuthorities({ outbound }: Config, parts: ServerParts): Promise<string | null> {
  if (parts.ca !== undefined) return parts.ca;
  if (outbound.ca === null) return null;
  const own = await Deno.readTextFile(outbound.ca).catch((error: Error) => {
    throw new Error(`outbound.ca: ${error.message}`, { cause: error });
  });
  return [...rootCertificates, own].join("\n");
}
