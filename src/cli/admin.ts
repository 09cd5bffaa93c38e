/**
 * The administration as commands use it: requests of the admin API, to the running server through its control socket,
 * or, where none runs, to the same app in this process on the opened store.
 */
import { type ClientRequest, request as httpRequest } from "node:http";
import { join } from "node:path";
import type { Args, DnsType } from "../contract/mod.ts";
import type { Config } from "../server/config/mod.ts";
import { EXIT, Exit } from "./exit.ts";
import type { FilterPolicy } from "../mda/mod.ts";
import { canonicalWay, waitReason } from "../mta/queue/mod.ts";

/** The socket of a running server, in its data folder. */
export const CONTROL_SOCKET = "control.sock";

export interface Admin {
  /** Whether a running server answers, or this process itself. */
  readonly online: boolean;
  /**
   * Asks `/api/v1` + `path` and gives the JSON of the answer (null for none). A refusal ends the command with `Exit`:
   * code 1, or 75 where trying later may help.
   */
  request(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<unknown>;
  /** The same with a message as the body, and the answer as it is: whoever sends has words of his own for a refusal. */
  send(path: string, message: Uint8Array): Promise<{ readonly status: number; readonly text: string }>;
  /**
   * A request whose body and answer are streams. The body goes out as the other side takes it. Where it fails, the answer
   * does too, and the server has done nothing.
   */
  stream: StreamExchange;
  close(): Promise<void>;
}

/** A request of `/api/v1` + `path` with streams. The octets of the answer are to be read to their end. */
export type StreamExchange = (
  method: "GET" | "POST",
  path: string,
  body: AsyncIterable<Uint8Array> | null,
  type: string | null,
) => Promise<{ readonly status: number; readonly octets: AsyncIterable<Uint8Array> }>;

/** One request; a body of text is JSON, octets are a message. */
type Exchange = (
  method: string,
  path: string,
  body: string | Uint8Array | null,
) => Promise<{ status: number; text: string }>;

/** Reaches the administration of the server that `config` describes. Throws `Exit`. */
export async function openAdmin(config: Config): Promise<Admin> {
  const socket = join(config.dataDir, CONTROL_SOCKET);
  if (await answers(socket)) {
    return adminOver(overSocket(socket), {
      online: true,
      stream: streamOverSocket(socket),
      close: () => Promise.resolve(),
    });
  }
  return await openOffline(config);
}

/** The administration over anything that answers HTTP requests; for tests too. */
export function adminOver(exchange: Exchange, rest: Pick<Admin, "online" | "stream" | "close">): Admin {
  return {
    ...rest,
    send: (path, message) => exchange("POST", `/api/v1${path}`, message),
    async request(method, path, body) {
      const { status, text } = await exchange(
        method,
        `/api/v1${path}`,
        body === undefined ? null : JSON.stringify(body),
      );
      if (status >= 200 && status < 300) return text === "" ? null : JSON.parse(text);
      throw new Exit(status >= 500 || status === 408 ? EXIT.temporary : EXIT.refused, detailOf(status, text));
    },
  };
}

/** A segment of a path. */
export function segment(text: string): string {
  // `.` and `..` would be taken for steps of the path.
  return encodeURIComponent(text).replace(/^\.+$/, (dots) => "%2E".repeat(dots.length));
}

function headersOf(body: string | Uint8Array | null): Record<string, string> {
  if (body === null) return {};
  return { "content-type": typeof body === "string" ? "application/json" : "message/rfc822" };
}

export function detailOf(status: number, text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    if (typeof detail === "string") return detail;
  } catch {
    // not JSON: the status has to do
  }
  return `the server answered with status ${status}`;
}

async function answers(socket: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path: socket })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new Exit(
        EXIT.refused,
        `${socket} may not be opened; run this as the user of the server, for example with sudo -u palomar`,
      );
    }
    return false;
  }
}

function overSocket(socketPath: string): Exchange {
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = headersOf(body);
      const request = httpRequest({ socketPath, method, path, headers, timeout: 60_000, agent: false }, (response) => {
        const pieces: string[] = [];
        response.setEncoding("utf8");
        response.on("data", (piece: string) => pieces.push(piece));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: pieces.join("") }));
        response.on("error", reject);
      });
      request.on("timeout", () => request.destroy(lost("it took longer than a minute")));
      request.on("error", (error) => reject(error instanceof Exit ? error : lost(error.message)));
      request.end(body ?? undefined);
    });
}

const lost = (why: string): Exit => new Exit(EXIT.temporary, `the running server did not answer: ${why}; try again`);

function streamOverSocket(socketPath: string): StreamExchange {
  return (method, path, body, type) =>
    new Promise((resolve, reject) => {
      const headers = type === null ? {} : { "content-type": type };
      // A store that is busy may take its time with a large batch.
      const options = { socketPath, method, path: `/api/v1${path}`, headers, timeout: 600_000, agent: false } as const;
      const request = httpRequest(options, (response) => {
        resolve({ status: response.statusCode ?? 0, octets: response as AsyncIterable<Uint8Array> });
      });
      request.on("timeout", () => request.destroy(lost("it took longer than ten minutes")));
      request.on("error", (error) => reject(error instanceof Exit ? error : lost(error.message)));
      void sendBody(request, body).catch((error) => request.destroy(error as Error));
    });
}

async function sendBody(request: ClientRequest, body: AsyncIterable<Uint8Array> | null): Promise<void> {
  for await (const piece of body ?? []) {
    if (request.destroyed) return;
    if (!request.write(piece)) {
      await new Promise<void>((go) => {
        request.once("drain", go);
        request.once("close", go);
      });
    }
  }
  request.end();
}

/**
 * The same administration in this process, on the store itself. No server may run on it, unless it is in PostgreSQL.
 * Throws `Exit`.
 */
export async function openOffline(config: Config): Promise<Admin> {
  if (config.storage.driver === "memory") {
    throw new Exit(EXIT.temporary, "this store lives in the memory of the server, and no server runs; start it first");
  }
  const [
    { DataDirLocked },
    { openStorage },
    { createHttpApp },
    { makeCredentials },
    { makeToken },
    { VERSION },
    { Secret },
    { DkimKeys },
    { createDomainDns },
    { createResolver },
    { BanBook },
    { AuditBook },
    { configurationDesk },
    { banRules },
    { createSubmission },
    { createLocalDelivery },
    { mailPrograms },
    { filterPolicy, filterRunner },
    { ServerScripts },
    { createSieveDesk },
    { createSigner },
    { ReportBook },
    { bodyIntake },
    { mailByHttp },
    { Suppressions },
    { createWebhooks },
    { webhookRequest },
    { systemClock },
  ] = await Promise.all([
    import("../storage/sqlite/mod.ts"),
    import("../server/open_storage.ts"),
    import("../http/mod.ts"),
    import("../server/credentials.ts"),
    import("../server/token.ts"),
    import("../server/version.ts"),
    import("../base/secret.ts"),
    import("../server/dkim/keys.ts"),
    import("../server/domain_dns/mod.ts"),
    import("../dns/mod.ts"),
    import("../server/abuse/ban_book.ts"),
    import("../server/audit_book.ts"),
    import("../server/shown_config.ts"),
    import("../server/abuse/guard.ts"),
    import("../server/submission.ts"),
    import("../server/local_delivery.ts"),
    import("../server/mail_programs.ts"),
    import("../server/filter_policy.ts"),
    import("../server/server_scripts.ts"),
    import("../server/sieve_desk.ts"),
    import("../server/dkim/sign_message.ts"),
    import("../server/received_reports/report_book.ts"),
    import("../server/body_intake.ts"),
    import("../server/mail_by_http.ts"),
    import("../server/sending/suppressions.ts"),
    import("../server/webhooks/mod.ts"),
    import("../server/webhooks/request.ts"),
    import("../server/clock.ts"),
  ]);
  const { driver, path } = config.storage;
  const where = driver === "postgres" ? "PostgreSQL" : driver === "denokv" && path ? path : config.dataDir;
  const storage = await openStorage(config).catch((error: unknown) => {
    if (error instanceof DataDirLocked) {
      throw new Exit(
        EXIT.temporary,
        `${config.dataDir} is in use by another process, which does not answer at ${CONTROL_SOCKET}; ` +
          "wait until it is up or has ended, and try again",
      );
    }
    throw new Exit(EXIT.temporary, `the store in ${where} cannot be opened: ${(error as Error).message}`);
  });
  let failure: unknown = null;
  const resolver = createResolver({
    ...(config.dns.servers === null ? {} : { servers: [...config.dns.servers] }),
    timeoutMs: config.dns.timeout,
  });
  const resolve = (name: string, type: DnsType) => resolver.resolve(name, type);
  const dkim = new DkimKeys({
    storage,
    resolve,
    now: () => Date.now(),
    hostname: config.hostname,
  });
  const signer = createSigner({ keys: dkim, storage, hostname: config.hostname });
  const bans = await new BanBook({
    perform: (op, args) => storage.perform(op, args),
    rules: banRules(config.abuse),
    now: () => Date.now(),
    failed: (error) => failure = error,
  }).load();
  const runner = filterRunner(config);
  const typed = runner ? { runFilter: runner.run.bind(runner) } : {};
  // Whether programs may run is a matter of the server, which takes what waits for them.
  const configured = forServer(await filterPolicy(config, typed.runFilter ?? null));
  const serverScripts = new ServerScripts({
    ...typed,
    storage,
    filter: configured,
    now: () => Date.now(),
    log: () => {},
  });
  await serverScripts.load();
  const filter = { ...serverScripts.policy, targets: configured.targets };
  const taking = {
    ...typed,
    storage,
    programs: mailPrograms(config, filter),
    sign: (args: Args<"message.sign">) => signer.sign(args),
    clock: { wall: () => Date.now() },
    messageSize: config.limits.messageSize,
    log: () => {},
  };
  const suppressions = new Suppressions({ storage, now: () => Date.now() });
  const webhooks = createWebhooks({
    storage,
    suppressions,
    request: await webhookRequest(config.webhooks, resolve),
    plain: config.webhooks.http,
    clock: systemClock,
    log: () => {},
  });
  const app = createHttpApp({
    perform: (op, args) => storage.perform(op, args),
    ...(storage.mend && { mend: (what) => storage.mend!(what) }),
    makeCredentials,
    makeToken,
    dkim,
    dns: createDomainDns({ config, storage, dkim, resolve, now: () => Date.now() }),
    serverScripts,
    sieve: createSieveDesk({ ...typed, storage, filter, now: () => Date.now() }),
    targets: [...filter.targets].map(([name, facts]) => ({ name, ...facts })),
    // What leaves waits in the queue until a server runs.
    submit: createSubmission(taking),
    deliver: createLocalDelivery({ ...taking, giveUpMs: config.outbound.retry.giveUp }),
    ...mailByHttp({
      ...taking,
      hostname: config.hostname,
      futureReleaseMs: config.limits.futureRelease,
      suppressions,
      webhooks,
      world: null,
    }),
    openBody: () => bodyIntake(storage),
    adminToken: new Secret(""),
    trusted: true,
    configuration: configurationDesk(config),
    audit: new AuditBook({
      storage,
      now: () => Date.now(),
      keptMs: config.retention.audit,
      failed: (error) => failure = error,
    }),
    bans,
    reports: new ReportBook(storage, () => Date.now()),
    metrics: () => "",
    health: () => ({ status: "ok" }),
    version: VERSION,
    hostname: config.hostname,
    queueChanged: () => {},
    now: () => Date.now(),
    waitReason,
    canonicalWay,
    report: (error) => failure = error,
  });
  // Nobody else keeps a log here, so the cause is for whoever called.
  const failed = () => new Exit(EXIT.temporary, `the store in ${where} failed: ${(failure as Error).message}`);
  const exchange: Exchange = async (method, path, body) => {
    const headers = headersOf(body);
    const response = await app.fetch(
      new Request(`http://localhost${path}`, { method, headers, body: body as BodyInit | null }),
    );
    const text = await response.text();
    if (response.status >= 500 && failure !== null) throw failed();
    return { status: response.status, text };
  };
  const close = () => {
    runner?.close();
    resolver.close();
    return storage.close();
  };
  const stream: StreamExchange = async (method, path, body, type) => {
    const response = await app.fetch(
      new Request(`http://localhost/api/v1${path}`, {
        method,
        headers: type === null ? {} : { "content-type": type },
        body: body === null ? null : ReadableStream.from(body) as ReadableStream<Uint8Array<ArrayBuffer>>,
      }),
    );
    if (response.status >= 500 && failure !== null) throw failed();
    return { status: response.status, octets: response.body ?? ReadableStream.from([]) };
  };
  return adminOver(exchange, { online: false, stream, close });
}

function forServer(filter: FilterPolicy): FilterPolicy & Required<Pick<FilterPolicy, "targets">> {
  const targets = new Map([...filter.targets ?? []].map(([name, facts]) => [name, { ...facts, off: null }]));
  return { ...filter, targets };
}
