/**
 * A whole server for tests: in memory, with accounts, a clock that the test moves, names that the test scripts, and no
 * need for a network. What a test talks to is the real thing; only its surroundings are played.
 */
import { join } from "node:path";
import { Secret } from "../base/secret.ts";
import { parseDigits } from "../base/ascii.ts";
import { utf8Bytes } from "../base/bytes.ts";
import type { Protocol, TlsInfo, TraceId } from "../contract/mod.ts";
import { scriptedResolver, type ScriptedZones } from "../dns/mod.ts";
import { imapText } from "../imap/imap_text.ts";
import type { DriveOptions } from "../net/drive.ts";
import { memoryPair } from "../net/memory_transport.ts";
import type { Storage } from "../storage/storage.ts";
import {
  type Config,
  formatProblem,
  type ListenerConfig,
  type ListenerProtocol,
  parseConfig,
  type RawConfig,
  type TlsMode,
} from "./config/mod.ts";
import { createServer, type Server, type ServerParts } from "./create_server.ts";
import { makeCredentials, TEST_COST } from "./credentials.ts";
import { type LogLine, memoryLogger } from "./log.ts";
import type { FetchPolicy } from "./tls_policy/fetch_policy.ts";
import { createTestClock, type TestClock } from "./test_clock.ts";
import { messageBytes, type TestConnection, testConnection } from "./test_connection.ts";
import { packingOf } from "./store_packing.ts";

/** Somebody of the test server's domain. */
export interface TestAccount {
  /** Local part of the address. */
  readonly name: string;
  readonly password: string;
}

/** What a test server is to be; nothing has to be said. */
export interface TestServerOptions {
  /** The one domain that is ours; default `example.test`. */
  readonly domain?: string;
  /** Local parts; each is its own password where none is given. Default `alice` and `bob`. */
  readonly accounts?: readonly (string | TestAccount)[];
  /** Where mail is kept: in memory (the default), in SQLite in a folder that goes with the server, or a store of yours. */
  readonly storage?: "memory" | "sqlite" | Storage;
  /** In place of `dns`, and of HTTPS and public certificates: for tests of how mail leaves. */
  readonly parts?: Pick<ServerParts, "resolver" | "fetchPolicy" | "ca" | "filters">;
  /** Names outside; what is not here does not exist. Nothing is asked of a real resolver. */
  readonly dns?: ScriptedZones;
  /** True: every protocol also listens at a free port of 127.0.0.1, with certificates of its own authority. */
  readonly listen?: boolean;
  /** Keys of a configuration file, each in place of what the test server would have. */
  readonly config?: Partial<RawConfig>;
}

/** How a client comes to a test server. */
export interface ConnectOptions {
  /** The client's address, default `192.0.2.1`. */
  readonly remoteAddress?: string;
  /** True: TLS from the first octet (simulated). */
  readonly tls?: boolean;
  /** Told each step of the session's machine: for `replay`. */
  readonly trace?: NonNullable<DriveOptions["trace"]>;
}

/** A server that runs, and the hands to hold it with. */
export interface TestServer extends AsyncDisposable {
  /** The real thing. */
  readonly server: Server;
  /** What it was made of. */
  readonly config: Config;
  /** Its store, for a look behind the scenes. */
  readonly storage: Storage;
  /** Its time. */
  readonly clock: TestClock;
  /** All that was logged, as it comes. */
  readonly logs: readonly LogLine[];
  /** A connection in memory: no port, no certificate, and the session is the same. */
  connect(protocol: Protocol, options?: ConnectOptions): TestConnection;
  /** Brings a message by SMTP, as a stranger would. Text gets CRLF. Rejects with the reply where it is refused. */
  deliver(message: string | Uint8Array, to: string | readonly string[], from?: string): Promise<TraceId>;
  /** A request to the HTTP layer with the administrator's token; a body is sent as JSON. */
  admin(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Where a protocol listens; throws where it does not. */
  address(protocol: ListenerProtocol, tls?: TlsMode): { readonly address: string; readonly port: number };
  /** Stops it and removes what it had on disk. */
  stop(): Promise<void>;
}

/** There is no network. */
const NO_POLICY: FetchPolicy = () => Promise.resolve({ failed: "sts-policy-fetch-error" });
const TOKEN = "test-server-admin-token";
const DATA_DIR_PREFIX = "palomar-test-";
const TLS: TlsInfo = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", serverName: null };
const PORTS: Readonly<Record<Protocol, number>> = {
  smtp: 25,
  submission: 587,
  lmtp: 24,
  imap: 143,
  pop3: 110,
  managesieve: 4190,
};

/**
 * Starts a server for a test. Stop it, or let `await using` do it.
 *
 * @example A message in at one end, out at the other
 * ```ts
 * import assert from "node:assert/strict";
 * import { testServer } from "../../mod.ts";
 * await using server = await testServer();
 * await server.deliver("Subject: hello\n\nHi Alice", "alice@example.test");
 * const imap = server.connect("imap");
 * await imap.until("* OK");
 * await imap.ask("a LOGIN alice@example.test alice", "a OK");
 * await imap.ask("b SELECT INBOX", "* 1 EXISTS");
 * assert((await imap.ask("c FETCH 1 BODY[TEXT]", "c OK")).includes("Hi Alice"));
 * ```
 *
 * @example Half an hour passes
 * ```ts
 * import { testServer } from "../../mod.ts";
 * await using server = await testServer();
 * const imap = server.connect("imap");
 * await imap.ask("a LOGIN alice@example.test alice", "a OK");
 * await server.clock.advance(31 * 60_000);
 * await imap.until("* BYE");
 * ```
 */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const onDisk = options.storage === "sqlite" || options.listen === true;
  const folder = onDisk ? await Deno.makeTempDir({ prefix: DATA_DIR_PREFIX }) : null;
  const clean = async (): Promise<void> => {
    if (folder !== null) await Deno.remove(folder, { recursive: true }).catch(() => {});
  };
  try {
    return await open(options, folder, clean);
  } catch (error) {
    await clean();
    throw error;
  }
}

async function open(
  options: TestServerOptions,
  folder: string | null,
  clean: () => Promise<void>,
): Promise<TestServer> {
  const domain = options.domain ?? "example.test";
  const config = testConfig(options, domain, folder ?? join(Deno.cwd(), "data"));
  const clock = createTestClock();
  const storage = await testStorage(options.storage, config, () => clock.wall());
  const logger = memoryLogger();
  const resolver = scriptedResolver(options.dns ?? {});
  const server = createServer(config, { resolver, fetchPolicy: NO_POLICY, ...options.parts, storage, clock, logger });
  const stop = async (): Promise<void> => {
    await server.stop();
    await clean();
  };
  try {
    await addAccounts(storage, domain, options.accounts ?? ["alice", "bob"], clock.wall());
    await server.start();
  } catch (error) {
    await server.stop();
    await storage.close().catch(() => {}); // where the server had not come to open it
    throw error;
  }

  const connect = (protocol: Protocol, { remoteAddress = "192.0.2.1", tls, trace }: ConnectOptions = {}) => {
    const endpoints = { remoteAddress, remotePort: 40_000, localAddress: "192.0.2.25", localPort: PORTS[protocol] };
    const pair = memoryPair({ endpoints, ...(tls ? { tls: TLS } : {}) });
    const connection = testConnection(pair.client);
    server.serve(protocol, pair.server, trace ? { trace } : {}).catch((error) => {
      logger.log("error", "test.serve", { error: String(error) });
      pair.server.destroy();
    });
    return connection;
  };

  return {
    server,
    config,
    storage,
    clock,
    logs: logger.lines,
    connect,
    deliver: (message, to, from = "sender@outside.test") =>
      deliver(connect("smtp"), messageBytes(message), typeof to === "string" ? [to] : to, from),
    admin: (method, path, body, headers) =>
      server.fetch(
        new Request(`http://localhost${path}`, {
          method,
          headers: {
            authorization: `Bearer ${config.admin.token!.reveal()}`,
            "content-type": "application/json",
            ...headers,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      ),
    address: (protocol, tls) => addressOf(server.addresses, protocol, tls),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function testConfig(options: TestServerOptions, domain: string, dataDir: string): Config {
  const address = "127.0.0.1";
  const raw: Partial<RawConfig> = {
    hostname: `mail.${domain}`,
    dataDir,
    listeners: [
      { protocol: "smtp", address, port: 0, tls: "starttls" },
      { protocol: "submission", address, port: 0, tls: "implicit" },
      { protocol: "submission", address, port: 0, tls: "starttls" },
      { protocol: "lmtp", address, port: 0, tls: "none" },
      { protocol: "imap", address, port: 0, tls: "implicit" },
      { protocol: "imap", address, port: 0, tls: "starttls" },
      { protocol: "pop3", address, port: 0, tls: "implicit" },
      { protocol: "pop3", address, port: 0, tls: "starttls" },
      { protocol: "managesieve", address, port: 0, tls: "starttls" },
      { protocol: "http", address, port: 0, tls: "none" },
    ],
    auth: { allowPlaintext: true },
    admin: { token: TOKEN },
    limits: { shutdownGrace: "1s" },
    log: { level: "debug" },
    // What tests write by hand has no records in the DNS; with networks of its own here a test checks all the same.
    authentication: { trusted: ["0.0.0.0/0", "::/0"] },
    ...options.config,
  };
  const parsed = parseConfig(raw, dataDir);
  if (!("hostname" in parsed)) throw new Error(parsed.map(formatProblem).join("\n"));
  const listen = options.listen || options.config?.listeners !== undefined;
  const token = parsed.admin.token ?? new Secret(TOKEN);
  return { ...parsed, admin: { token }, ...(listen ? {} : { listeners: [] }) };
}

async function testStorage(
  wanted: TestServerOptions["storage"],
  config: Config,
  wall: () => number,
): Promise<Storage> {
  if (typeof wanted === "object") return wanted;
  const undeleteMs = config.retention.undelete;
  if (wanted === "sqlite") {
    const { openSqlite } = await import("../storage/sqlite/mod.ts");
    const packing = await packingOf(config.storage);
    return await openSqlite({ dataDir: config.dataDir, prepare: imapText, undeleteMs, wall, packing });
  }
  return (await import("../storage/memory/mod.ts")).memoryStorage({ undeleteMs, wall });
}

async function addAccounts(
  storage: Storage,
  domain: string,
  accounts: NonNullable<TestServerOptions["accounts"]>,
  now: number,
): Promise<void> {
  await storage.perform("domain.add", { name: domain, now });
  for (const account of accounts) {
    const { name, password } = typeof account === "string" ? { name: account, password: account } : account;
    const credentials = await makeCredentials(new Secret(password), TEST_COST);
    if ("refused" in credentials) throw new Error(`account ${name}: ${credentials.text}`);
    const address = `${name}@${domain}`;
    const quota = { bytes: null, messages: null };
    // A store of the caller's may have them: it was there before.
    const added = await storage.perform("account.add", { address, name, quota, credentials, now });
    if ("refused" in added && added.refused !== "exists") throw new Error(`account ${address}: ${added.text}`);
  }
}

async function deliver(
  smtp: TestConnection,
  message: Uint8Array,
  to: readonly string[],
  from: string,
): Promise<TraceId> {
  const expect = async (code: number): Promise<string> => {
    for (;;) {
      const line = await smtp.line();
      if (parseDigits(line.slice(0, 3)) !== code) throw new Error(line);
      if (line[3] !== "-") return line;
    }
  };
  const say = (line: string, code: number): Promise<string> => {
    smtp.send(line + "\r\n");
    return expect(code);
  };
  try {
    await expect(220);
    await say("EHLO client.outside.test", 250);
    // RFC 6531 section 3.1: it is asked for by the addresses that need it.
    const international = utf8Bytes(from + to.join("")).some((octet) => octet > 127);
    await say(`MAIL FROM:<${from}> BODY=8BITMIME${international ? " SMTPUTF8" : ""}`, 250);
    for (const recipient of to) await say(`RCPT TO:<${recipient}>`, 250);
    // RFC 3030: no dots to stuff, and whatever the message is, it arrives as it is.
    smtp.send(utf8Bytes(`BDAT ${message.length} LAST\r\n`));
    smtp.send(message);
    const reply = await expect(250);
    smtp.send("QUIT\r\n");
    return reply.slice(reply.lastIndexOf(" ") + 1) as TraceId;
  } finally {
    smtp.close();
  }
}

function addressOf(
  listeners: readonly ListenerConfig[],
  protocol: ListenerProtocol,
  tls?: TlsMode,
): { address: string; port: number } {
  for (const listener of listeners) {
    if (listener.protocol !== protocol || (tls !== undefined && listener.tls !== tls)) continue;
    if (listener.path === undefined) return { address: listener.address, port: listener.port };
  }
  throw new Error(`nothing listens for ${protocol}${tls === undefined ? "" : ` with tls ${tls}`}`);
}
