/**
 * The inside of a server: store, authentication, programs, world and HTTP layer, put together once and without any
 * listener. `createServer` opens doors to it; `createServer().fetch` works without.
 */
import { randomBytes } from "node:crypto";
import { Secret } from "../base/secret.ts";
import type { Args, DnsType, LogEvent } from "../contract/mod.ts";
import { createResolver, type Resolver } from "../dns/mod.ts";
import type { HttpApp, HttpDeps } from "../http/deps.ts";
import type { FilterPolicy } from "../mda/mod.ts";
import { canonicalWay, waitReason } from "../mta/queue/mod.ts";
import type { StreamLimits } from "../http/jmap/open_streams.ts";
import { PushHub } from "../http/jmap/push_hub.ts";
import { createLoginDelay } from "../net/login_delay.ts";
import type { World } from "../net/world.ts";
import type { Storage } from "../storage/storage.ts";
import { Guard } from "./abuse/guard.ts";
import { openBanBook } from "./abuse/open_ban_book.ts";
import { adminLogin } from "./admin_login.ts";
import { AuditBook } from "./audit_book.ts";
import { auditedPages } from "./audited_pages.ts";
import { createAuth } from "./auth.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config/mod.ts";
import { DkimKeys } from "./dkim/keys.ts";
import { createDomainDns } from "./domain_dns/mod.ts";
import { createSigner, type Signer } from "./dkim/sign_message.ts";
import { DmarcReports } from "./dmarc_reports/mod.ts";
import { addOwnReport } from "./received_reports/own_report.ts";
import type { AggregateReport } from "../mailauth/mod.ts";
import { ReceivedReports } from "./received_reports/mod.ts";
import { ReportBook } from "./received_reports/report_book.ts";
import { programRunner } from "./run_program.ts";
import { makeCredentials } from "./credentials.ts";
import { ensureDemo } from "./demo.ts";
import { filterPolicy, filterRunner, sieveExtensions } from "./filter_policy.ts";
import { FilterChain } from "./filters/chain.ts";
import type { ContentFilter } from "./filters/content_filter.ts";
import { milterFilter } from "./filters/milter.ts";
import type { Logger } from "./log.ts";
import { ownLogger } from "./own_logger.ts";
import { createJmapDesk } from "./jmap/desk.ts";
import { changedTypes } from "./jmap/changed_types.ts";
import { JmapUsers } from "./jmap/users.ts";
import { LogTail } from "./log_tail.ts";
import { LoggedIn } from "./logged_in.ts";
import { OpenSessions } from "./open_sessions.ts";
import { configurationDesk } from "./shown_config.ts";
import { Statistics } from "./statistics.ts";
import { createMailboxEvents } from "./mailbox_events.ts";
import { aboutProcess, countRequests, metricsAccess, printMetrics } from "./http_metrics.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { observer } from "./observe.ts";
import type { Transports } from "./outbound/transports/transports.ts";
import { ServerScripts } from "./server_scripts.ts";
import { createSieveDesk } from "./sieve_desk.ts";
import type { RunFilter } from "./typed_filters/mod.ts";
import type { FetchPolicy } from "./tls_policy/fetch_policy.ts";
import { openStorage } from "./open_storage.ts";
import { clientSeen } from "./client_seen.ts";
import { bodyIntake } from "./body_intake.ts";
import { createLocalDelivery } from "./local_delivery.ts";
import { createSubmission } from "./submission.ts";
import { mailByHttp } from "./mail_by_http.ts";
import { mailPrograms, telling } from "./mail_programs.ts";
import { createPeopleDesk } from "./people.ts";
import { Suppressions } from "./sending/suppressions.ts";
import { createWebhooks, type Webhooks } from "./webhooks/mod.ts";
import { webhookRequest } from "./webhooks/request.ts";
import { makeToken } from "./token.ts";
import { VERSION } from "./version.ts";
import { createWebPush } from "./web_push/create.ts";
import type { WebPush } from "./web_push/mod.ts";
import { Watches } from "./watches.ts";
import { createWorld } from "./world.ts";

/** What a server is made of where it should not be the usual: for tests, and for those who bring their own. */
export interface ServerParts {
  /** In place of what the configuration names. The server closes it. */
  readonly storage?: Storage;
  /** In place of DNS. */
  readonly resolver?: Resolver;
  /** In place of the machine's time. */
  readonly clock?: Clock;
  /** In place of stderr. */
  readonly logger?: Logger;
  /** Asked about each message, before the milters of the configuration. */
  readonly filters?: readonly ContentFilter[];
  /** In place of HTTPS: the MTA-STS policy of a domain. */
  readonly fetchPolicy?: FetchPolicy;
  /** PEM certificates that the hosts mail goes to are measured by, in place of the system's. */
  readonly ca?: string;
  /** Ways out that relays of protocol `custom` name. */
  readonly transports?: Transports;
}

/** The rooms, furnished; `createServer` has the doors. */
export interface House {
  readonly storage: Storage;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly world: World;
  readonly loggedIn: LoggedIn;
  readonly openSessions: OpenSessions;
  readonly logTail: LogTail;
  readonly statistics: Statistics;
  readonly dkim: DkimKeys;
  readonly signer: Signer;
  readonly dmarcReports: DmarcReports;
  /** Who is told of mail. */
  readonly webhooks: Webhooks;
  readonly filter: FilterPolicy;
  readonly serverScripts: ServerScripts;
  /** Filters in TypeScript, where there may be any. */
  readonly runFilter: RunFilter | null;
  closeFilters(): void;
  /** Who is let in, and how much they may do. */
  readonly guard: Guard;
  /** Ends what waits for news by HTTP. */
  endStreams(): void;
  /** Tells JMAP clients by URLs; `start` begins. */
  readonly webPush: WebPush;
  readonly adminToken: { readonly value: string; readonly fresh: boolean };
  /** The HTTP layer; `trusted` for whoever may open the control socket. Hono is loaded when it is first needed. */
  http(trusted: boolean, state: Pick<HttpDeps, "health" | "queueChanged" | "ready">): Promise<HttpApp>;
}

/** Opens the store and puts the rest around it. Rejects with nothing left open. */
export async function openHouse(config: Config, parts: ServerParts): Promise<House> {
  const storage = parts.storage ?? await openStorage(config);
  try {
    return await furnish(config, parts, storage);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function furnish(config: Config, parts: ServerParts, storage: Storage): Promise<House> {
  const clock = parts.clock ?? systemClock;
  const logTail = new LogTail(() => clock.wall());
  const statistics: Statistics = new Statistics({
    storage,
    now: () => clock.wall(),
    hostname: config.hostname,
    failed: (error) => logger.log("error", "statistics.failed", { error: String(error) }),
  });
  const logger = statistics.over(logTail.over(parts.logger ?? ownLogger(config, clock)));
  const resolver = parts.resolver ?? createResolver({
    ...(config.dns.servers === null ? {} : { servers: [...config.dns.servers] }),
    trusted: [...config.dns.trusted],
    timeoutMs: config.dns.timeout,
  });
  if (config.demo) await ensureDemo(storage, config.demo, clock);
  const adminToken = await findAdminToken(config, storage);
  const metrics = createMetrics();
  const rows = metrics.gauge("palomar_queue_rows", "Recipients in the queue, by state.", ["state"]);
  const loggedIn = new LoggedIn();
  const openSessions = new OpenSessions();
  const requestDone = countRequests(metrics);
  statistics.watch(metrics);
  aboutProcess(metrics, clock);
  const audit = new AuditBook({
    storage,
    now: () => clock.wall(),
    keptMs: config.retention.audit,
    failed: (error) => logger.log("error", "audit.failed", { error: String(error) }),
  });
  const changedListeners: ((address: string) => void)[] = [];
  const stopListeners: (() => void)[] = [];
  const resolve = (name: string, type: DnsType) => resolver.resolve(name, type);
  const dkim = new DkimKeys({ storage, resolve, now: () => clock.wall(), hostname: config.hostname });
  const signer = createSigner({ keys: dkim, storage, hostname: config.hostname });
  const book = await openBanBook(config, storage, clock, logger, () => guard.endBanned(null));
  const guard: Guard = new Guard({
    config: config.abuse,
    proxies: [...config.proxies, ...config.http.proxies],
    hostname: config.hostname,
    book,
    clock,
    logger,
    metrics,
  });
  const log = (event: LogEvent) => logger.log(event.level, event.event, event.fields);
  const reports = new ReportBook(storage, () => clock.wall());
  const run = programRunner({ storage, resolver, clock, log });
  const readOwn = (report: AggregateReport, reporter: string) => addOwnReport(report, reporter, reports, storage);
  const dmarcReports = new DmarcReports({ config, storage, resolver, signer, clock, logger, readOwn });
  const receivedReports = new ReceivedReports({ storage, book: reports, run, now: () => clock.wall(), log });
  const watches = new Watches(storage, (error) => logger.log("error", "watch.failed", { error: String(error) }));
  const runner = filterRunner(config);
  const runFilter: RunFilter | null = runner && ((args) => runner.run(args));
  const typed = runFilter ? { runFilter } : {};
  const serverScripts = await filterPolicy(config, runFilter).then(async (filter) => {
    const scripts = new ServerScripts({ ...typed, storage, filter, now: () => clock.wall(), log });
    await scripts.load();
    return scripts;
  }).catch((error: unknown) => {
    runner?.close();
    throw error;
  });
  const filter = serverScripts.policy;
  for (const [target, { off }] of filter.targets ?? []) {
    if (off !== null) logger.log("warn", "delivery.target.off", { target, reason: off });
  }
  const suppressions = new Suppressions({ storage, now: () => clock.wall() });
  const webhooks = createWebhooks({
    storage,
    suppressions,
    request: await webhookRequest(config.webhooks, resolve),
    plain: config.webhooks.http,
    clock,
    log,
    metrics,
  });
  const programs = telling(mailPrograms(config, filter), webhooks.tell);
  const filters = filterChain(config, parts, storage, clock, metrics);
  const taking = {
    ...filters,
    ...typed,
    storage,
    programs,
    sign: (args: Args<"message.sign">) => signer.sign(args),
    clock,
    messageSize: config.limits.messageSize,
    log,
  };
  const submit = createSubmission(taking);
  const deliver = createLocalDelivery({ ...taking, giveUpMs: config.outbound.retry.giveUp });
  const auth = createAuth({ storage, delay: createLoginDelay(), clock });
  const world = createWorld({
    storage,
    auth,
    watches,
    loggedIn,
    openSessions,
    guard,
    ...filters,
    ...typed,
    programs,
    resolve,
    sign: (args) => signer.sign(args),
    seal: (args) => signer.seal(args),
    mailboxEvents: createMailboxEvents({
      ...typed,
      storage,
      filter,
      clock,
      giveUpMs: config.outbound.retry.giveUp,
      srs: config.forwarding.srs,
      sign: (args) => signer.sign(args),
    }),
    countDmarc: (args) => dmarcReports.counts.count(args),
    failedDmarc: (args) => dmarcReports.failures.take(args),
    receiveReport: (args) => receivedReports.receive(args),
    clock,
    logger,
    observe: observer(metrics),
  });
  const byHttp = mailByHttp({
    ...taking,
    hostname: config.hostname,
    guard,
    suppressions,
    webhooks,
    world,
    futureReleaseMs: config.limits.futureRelease,
  });
  const hub = new PushHub({
    watch: (accountId, listener) => storage.watch(accountId, listener),
    changed: (accountId, since, hint) => changedTypes(storage, accountId, since, hint),
  });
  const users = new JmapUsers(storage, clock);
  const { webPush, vapidKey } = createWebPush({ config, storage, clock, log, metrics, hub, users, resolve });
  return {
    endStreams: () => {
      for (const listener of stopListeners) listener();
    },
    webPush,
    storage,
    resolver,
    clock,
    logger,
    metrics,
    world,
    loggedIn,
    openSessions,
    logTail,
    statistics,
    dkim,
    signer,
    guard,
    dmarcReports,
    webhooks,
    filter,
    serverScripts,
    runFilter,
    closeFilters: () => runner?.close(),
    adminToken,
    async http(trusted, state) {
      const { createHttpApp } = await import("../http/mod.ts");
      const people = auditedPages(createPeopleDesk({ storage, auth, guard, clock, log }), audit);
      const sieve = createSieveDesk({ ...typed, storage, filter, now: () => clock.wall() });
      return createHttpApp({
        openBody: () => bodyIntake(storage),
        ...state,
        perform: (op, args) => storage.perform(op, args),
        ...(storage.mend && { mend: (what) => storage.mend!(what) }),
        makeCredentials,
        makeToken,
        dkim,
        dns: createDomainDns({ config, storage, dkim, resolve, now: () => clock.wall() }),
        logIn: adminLogin(auth, guard),
        // What else the account asks for at a login is not asked of whoever has logged in.
        provePassword: people.signIn,
        jmap: createJmapDesk({
          ...taking,
          auth,
          guard,
          users,
          hub,
          webPush,
          vapidKey,
          futureReleaseMs: config.limits.futureRelease,
          maxRecipients: config.limits.recipients,
          streams: streamLimits(config),
          sieve: {
            implementation: `Palomar ${VERSION}`,
            extensions: sieveExtensions(config),
            redirects: config.sieve.redirects,
          },
          checkSieve: async (name, content) => await sieve.check(name, content),
        }),
        people,
        openRegistration: config.oauth.registration,
        targets: [...filter.targets ?? []].map(([name, facts]) => ({ name, ...facts })),
        serverScripts,
        sieve,
        submit,
        ...byHttp,
        deliver,
        adminToken: new Secret(adminToken.value),
        trusted,
        audit,
        sessions: openSessions,
        logs: logTail,
        statistics,
        maySeeMetrics: metricsAccess(config.http.metrics),
        configuration: configurationDesk(config),
        log: (level, event, fields) => logger.log(level, event, fields),
        requestDone,
        bans: book,
        reports,
        adminSeen: (address) => guard.adminSeen(address),
        metrics: () => printMetrics(metrics, rows, storage),
        version: VERSION,
        hostname: config.hostname,
        seen: clientSeen(config.http),
        accountChanged: (address) => {
          loggedIn.end(address);
          for (const listener of changedListeners) listener(address);
        },
        onAccountChanged: (listener) => changedListeners.push(listener),
        onStop: (listener) => stopListeners.push(listener),
        now: () => clock.wall(),
        waitReason,
        canonicalWay,
        bodyLimit: config.limits.httpBody,
        report: (error, request = null) =>
          logger.log("error", "http.failed", { request, error: String((error as Error)?.stack ?? error) }),
      });
    },
  };
}

function streamLimits({ jmap }: Config): StreamLimits {
  return { total: jmap.listeners, perAccount: jmap.listenersPerAccount, perAddress: jmap.listenersPerAddress };
}

/** Nothing where there are none: then nobody waits for them. */
function filterChain(config: Config, parts: ServerParts, storage: Storage, clock: Clock, metrics: Metrics) {
  const filters = [
    ...parts.filters ?? [],
    ...config.milters.map((milter) => milterFilter(milter, config.hostname)),
  ];
  return filters.length === 0
    ? {}
    : { filters: new FilterChain({ filters, storage, metrics, now: () => clock.wall() }) };
}

/** The configured token, else one that is made at the first start and kept in the store. */
async function findAdminToken(config: Config, storage: Storage): Promise<House["adminToken"]> {
  if (config.admin.token) return { value: config.admin.token.reveal(), fresh: false };
  const made = randomBytes(24).toString("base64url");
  const value = await storage.perform("setting.init", { name: "admin.token", value: made });
  return { value, fresh: value === made };
}
