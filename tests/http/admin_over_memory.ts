/** The HTTP layer over a store in memory, with a fixed clock and passwords that cost nothing. */
import { canonicalWay } from "../../src/mta/queue/mod.ts";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { Secret } from "../../src/base/secret.ts";
import type { Credentials, TraceId } from "../../src/contract/mod.ts";
import { createHttpApp, type HttpApp, type HttpDeps } from "../../src/http/mod.ts";
import { indexMessage } from "../../src/message/mod.ts";
import { scriptedResolver } from "../../src/dns/mod.ts";
import type { DnsAnswer, DnsType } from "../../src/contract/mod.ts";
import { bodyIntake } from "../../src/server/body_intake.ts";
import { DkimKeys } from "../../src/server/dkim/keys.ts";
import { ServerScripts } from "../../src/server/server_scripts.ts";
import { createSieveDesk } from "../../src/server/sieve_desk.ts";
import { testFilters } from "../server/sieve/filters.ts";
import { createDomainDns } from "../../src/server/domain_dns/mod.ts";
import { TEST_CONFIG } from "../server/domain_dns/test_config.ts";
import { onceMadeKey } from "../server/dkim/once_made_key.ts";
import { ReportBook } from "../../src/server/received_reports/report_book.ts";
import { Suppressions } from "../../src/server/sending/suppressions.ts";
import { inboundDesk } from "../../src/server/inbound/mod.ts";
import { createWebhooks } from "../../src/server/webhooks/mod.ts";
import { systemClock } from "../../src/server/clock.ts";
import { BanBook } from "../../src/server/abuse/ban_book.ts";
import type { PeopleDesk } from "../../src/http/sign_in/people_desk.ts";
import { type Perform, runProgram } from "../../src/server/run_program.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import type { Storage } from "../../src/storage/storage.ts";

export const TOKEN = "a-token-of-the-tests";
export const NOW = Date.UTC(2026, 0, 31, 12);

/** An answer, read. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
  readonly text: string;
}

/** What the tests hold on to. */
export interface TestAdmin {
  readonly app: HttpApp;
  readonly storage: Storage;
  /** What the server was told: `queue`, or an address whose sessions should end. */
  readonly told: string[];
  readonly reported: unknown[];
  /** Asks with the token and, where there is a body, as JSON. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
}

/** Credentials that no password fits; what hashing does is tested where it is. */
export function cheapCredentials(password: Secret): Promise<Credentials> {
  const key = new Secret(utf8Bytes("key"));
  return Promise.resolve({
    password: new Secret(`cheap$${password.reveal().length}`),
    scramSha256: { salt: utf8Bytes("salt"), iterations: 4096, storedKey: key, serverKey: key },
  });
}

/** Webhooks that reach nobody. */
function noWebhooks(storage: Storage): HttpDeps["webhooks"] {
  return createWebhooks({
    storage,
    suppressions: new Suppressions({ storage, now: () => NOW }),
    request: () => Promise.reject(new Error("there is no network")),
    plain: false,
    clock: { ...systemClock, wall: () => NOW },
    log: () => {},
  }).desk;
}

/** Nothing is in the DNS but what `more` says. */
function nothing(name: string, type: DnsType): Promise<DnsAnswer> {
  return scriptedResolver({}).resolve(name, type);
}

export function testAdmin(
  more: Partial<HttpDeps> = {},
  storage: Storage = memoryStorage(),
  resolve: (name: string, type: DnsType) => Promise<DnsAnswer> = nothing,
): TestAdmin {
  const told: string[] = [];
  let made = 0;
  const reported: unknown[] = [];
  const { hostname } = TEST_CONFIG;
  const dkim = new DkimKeys({ storage, resolve, now: () => NOW, hostname, makeKey: onceMadeKey });
  const app = createHttpApp({
    perform: (op, args) => storage.perform(op, args),
    makeCredentials: cheapCredentials,
    makeToken: () => ({ secret: new Secret(`made-${++made}`), hash: `hash-${made}` }),
    dkim,
    dns: createDomainDns({ config: TEST_CONFIG, storage, dkim, resolve, now: () => NOW }),
    reports: new ReportBook(storage, () => NOW),
    serverScripts: new ServerScripts({ storage, filter: testFilters(), now: () => NOW, log: () => {} }),
    sieve: createSieveDesk({ storage, filter: testFilters(), now: () => NOW }),
    targets: [
      { name: "maildir:home", arguments: 0, off: null },
      { name: "program:learn", arguments: 1, off: "this server may not run programs" },
    ],
    people: testPeople(storage),
    adminToken: new Secret(TOKEN),
    bans: new BanBook({
      perform: (op, args) => storage.perform(op, args),
      rules: { firstMs: 60_000, longestMs: 3_600_000 },
      now: () => NOW,
      failed: (error) => void reported.push(error),
    }),
    metrics: () => "palomar_up 1\n",
    health: () => ({ status: "ok" }),
    version: "0.0.0-test",
    hostname,
    submit: () => Promise.resolve({ accepted: "s1.1" as TraceId }),
    sending: {
      send: () => Promise.resolve({ conflict: "underWay" }),
      get: () => Promise.resolve(null),
      cancel: () => Promise.resolve(null),
    },
    webhooks: noWebhooks(storage),
    inbound: inboundDesk({ storage, world: null, messageSize: 1_000_000, clock: { wall: () => NOW } }),
    suppressions: new Suppressions({ storage, now: () => NOW }),
    deliver: ({ recipients }) =>
      Promise.resolve({
        accepted: "s1.1" as TraceId,
        recipients: recipients.map(() => ({ refusal: null, returned: false })),
      }),
    openBody: () => bodyIntake(storage),
    queueChanged: () => void told.push("queue"),
    waitReason: () => "a test",
    canonicalWay,
    accountChanged: (address) => void told.push(address),
    now: () => NOW,
    report: (error) => void reported.push(error),
    ...more,
  });
  return {
    app,
    storage,
    told,
    reported,
    async ask(method, path, body, headers = {}) {
      const json: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
      return await answered(
        app,
        new Request(`http://localhost${path}`, {
          method,
          headers: { authorization: `Bearer ${TOKEN}`, ...json, ...headers },
          ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
        }),
      );
    },
  };
}

/** Programs run; nobody signs in. */
function testPeople(storage: Storage): PeopleDesk {
  let random = 0;
  const perform = ((op: string, args: never) => {
    if (op === "clock.now") return NOW;
    if (op === "text.random") return String(++random).padStart(36, "0");
    return storage.perform(op as never, args);
  }) as Perform;
  return {
    run: (program) => runProgram(program, perform, () => {}),
    signIn: () => Promise.resolve({ refused: "credentials" }),
    person: () => Promise.resolve(null),
    mayTry: () => true,
    failed: () => {},
    key: () => Promise.resolve(new Uint8Array(32)),
    note: () => {},
  };
}

export async function answered(app: HttpApp, request: Request): Promise<Answered> {
  const response = await app.fetch(request);
  const text = await response.text();
  const isJson = /^application\/(problem\+)?json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

/** Puts a message for each recipient in the queue. */
export async function queueMail(storage: Storage, recipients: readonly string[], traceId = "t1"): Promise<void> {
  const bytes = utf8Bytes("Subject: hello\r\n\r\nA pigeon.\r\n");
  const writer = storage.createBlob();
  await writer.write(bytes);
  const blob = await writer.seal(indexMessage(bytes));
  await storage.perform("mail.accept", {
    traceId: traceId as TraceId,
    sender: {
      reversePath: "alice@example.org",
      size: null,
      body: "7bit",
      smtputf8: false,
      requireTls: false,
      ret: null,
      envid: null,
    },
    blobId: blob.blobId,
    deliveries: [],
    queued: recipients.map((forwardPath) => ({
      recipient: { forwardPath, notify: null, orcpt: null },
      domain: forwardPath.slice(forwardPath.lastIndexOf("@") + 1),
      prefix: new Uint8Array(),
      dueAt: NOW,
      expiresAt: NOW + 1000,
    })),
    journal: [{ at: NOW, event: "accepted", recipient: null, detail: "Taken from alice@example.org." }],
    now: NOW,
    overQuota: "refuse",
  });
  blob.release();
}
