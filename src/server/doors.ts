/** The doors of a server: each listener of the configuration, and the socket of whoever administers it. */
import { join } from "node:path";
import type { Protocol } from "../contract/mod.ts";
import type { HttpApp } from "../http/deps.ts";
import type { HttpListening, HttpTls } from "../http/serve.ts";
import type { Certificates, ReloadReport } from "../net/certificates.ts";
import type { ConnectionLimits } from "../net/connection_limits.ts";
import type { LiveSession } from "../net/drive.ts";
import { listen, type Listening } from "../net/listen.ts";
import type { Transport } from "../net/transport.ts";
import type { Config, ListenerConfig } from "./config/mod.ts";
import type { Logger } from "./log.ts";
import { OwnCertificates } from "./own_certificates.ts";
import { refusalLine, type SessionMaker, sessionMaker } from "./sessions.ts";

/** Socket of whoever administers the server on this machine; in the data folder. */
const CONTROL_SOCKET = "control.sock";

/** What comes in through the doors goes there. */
export interface Behind {
  readonly logger: Logger;
  readonly limits: ConnectionLimits;
  /** Runs the session of a connection to its end. */
  run(protocol: Protocol, make: SessionMaker, transport: Transport, sessions: Set<LiveSession>): Promise<void>;
  /** The HTTP layer; `trusted` for the control socket. */
  http(trusted: boolean): Promise<HttpApp>;
}

/** All of them; `close` closes what was opened. */
export class Doors {
  readonly #config: Config;
  readonly #certificates: OwnCertificates;
  readonly #addresses: ListenerConfig[] = [];
  readonly #mail: Listening[] = [];
  readonly #http: HttpListening[] = [];

  constructor(config: Config) {
    this.#config = config;
    this.#certificates = new OwnCertificates(config);
  }

  /** Where it listens in fact. */
  get addresses(): readonly ListenerConfig[] {
    return this.#addresses;
  }

  get caFile(): string | null {
    return this.#certificates.caFile;
  }

  /** Opens one; rejects, with what it is for, where it cannot be had. */
  async open(behind: Behind, listener: ListenerConfig): Promise<void> {
    if (listener.protocol === "http") return await this.#openHttp(behind, listener);
    const { protocol, tls } = listener;
    const make = sessionMaker(this.#config, protocol, tls);
    const door = await listen({
      at: listener.path === undefined
        ? { address: listener.address, port: listener.port }
        : { path: listener.path, ...(listener.mode !== undefined && { mode: listener.mode }) },
      tls,
      ...(tls === "none" ? {} : { certificates: await this.#certificates.load(behind.logger) }),
      handshakeTimeoutMs: this.#config.limits.handshakeTime,
      limits: behind.limits,
      refusalLine: (why) => refusalLine(protocol, why),
      proxies: this.#config.proxies,
      serve: (transport, sessions) => behind.run(protocol, make, transport, sessions),
      log: (event) => behind.logger.log(event.level, event.event, { protocol, ...event.fields }),
    }).catch((error: Error) => {
      throw new Error(`${protocol} on ${placeOf(listener)}: ${error.message}`, { cause: error });
    });
    this.#mail.push(door);
    this.#addresses.push({ protocol, tls, ...door.address });
  }

  /** Whoever may open the socket administers the server without a token: its mode is that of a key. */
  async openControl(behind: Behind): Promise<void> {
    const { serveHttp } = await import("../http/mod.ts");
    const app = await behind.http(true);
    const path = join(this.#config.dataDir, CONTROL_SOCKET);
    try {
      await Deno.mkdir(this.#config.dataDir, { recursive: true, mode: 0o700 });
      this.#http.push(await serveHttp(app, { path }));
    } catch (error) {
      if (this.#config.storage.driver === "sqlite") throw error;
      // A node without a disk: the command line works on the database itself.
      behind.logger.log("warn", "control.unavailable", {
        socket: path,
        error: (error as Error).message,
        hint: "commands go to the database; give dataDir a folder that can be written for bans to be seen at once",
      });
    }
  }

  /** Reads the certificates again; connections that are there stay. */
  reload(logger: Logger | undefined): Promise<readonly ReloadReport[]> {
    return this.#certificates.reload(logger);
  }

  /** Stops accepting, and lets what runs finish for so long. */
  async close(graceMs: number): Promise<void> {
    await Promise.all([
      ...this.#mail.map((door) => door.close({ graceMs })),
      ...this.#http.map((door) => door.close(graceMs)),
    ]);
  }

  async #openHttp(behind: Behind, listener: ListenerConfig): Promise<void> {
    const { serveHttp } = await import("../http/mod.ts");
    const place = listener.path === undefined
      ? { address: listener.address, port: listener.port }
      : { path: listener.path };
    const app = await behind.http(false);
    const tls = listener.tls === "implicit" ? httpTls(await this.#certificates.load(behind.logger)) : undefined;
    const door = await serveHttp(app, place, tls).catch((error: Error) => {
      throw new Error(`http on ${placeOf(listener)}: ${error.message}`, { cause: error });
    });
    this.#http.push(door);
    this.#addresses.push({ protocol: "http", tls: listener.tls, ...door.address });
  }
}

function httpTls(certificates: Certificates): HttpTls {
  return {
    ...certificates.default,
    SNICallback: (name, done) => done(null, certificates.context(name)),
    minVersion: "TLSv1.2",
  };
}

function placeOf(listener: ListenerConfig): string {
  return listener.path ?? `${listener.address}:${listener.port}`;
}
