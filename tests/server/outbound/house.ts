/** A queue, its worker and the world outside: a store in memory, a resolver from a table, a clock that tests move. */
import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { latin1String, utf8Bytes } from "../../../src/base/bytes.ts";
import { Secret } from "../../../src/base/secret.ts";
import type {
  AcceptArgs,
  Account,
  EnvelopeRecipient,
  EnvelopeSender,
  QueueEntry,
  QueueRow,
  TraceId,
  Uid,
} from "../../../src/contract/mod.ts";
import { type Resolver, scriptedResolver, type ScriptedZones } from "../../../src/dns/mod.ts";
import { MessageIndexer } from "../../../src/message/mod.ts";
import type { Clock } from "../../../src/server/clock.ts";
import type { OutboundConfig, RelayConfig } from "../../../src/server/config/config.ts";
import { memoryLogger } from "../../../src/server/log.ts";
import { createOutbound, type Outbound, type OutboundOptions } from "../../../src/server/outbound.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import type { Storage } from "../../../src/storage/storage.ts";

export const START = Date.UTC(2026, 10, 24, 6, 0, 0);
export const HOUR = 3600_000;
export const MESSAGE =
  "From: alice@ours.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <m1@ours.example>\r\n" +
  "\r\nhello\r\n.dots\r\n";

export const SENDER: EnvelopeSender = {
  reversePath: "alice@ours.example",
  size: null,
  body: "7bit",
  smtputf8: false,
  requireTls: false,
  ret: null,
  envid: null,
};

export interface House {
  readonly storage: Storage;
  readonly worker: Outbound;
  /** Another worker on the same store, which is not wrapped. */
  another(): Outbound;
  readonly lines: ReturnType<typeof memoryLogger>["lines"];
  readonly account: Account;
  now: number;
  /** What is sent. */
  text: string;
  /** Puts a message into the queue for these recipients. */
  send(
    recipients: readonly string[],
    more?: Partial<Omit<QueueEntry, "sender">> & { sender?: Partial<EnvelopeSender> },
  ): Promise<TraceId>;
  rows(): Promise<readonly QueueRow[]>;
  /** Octets of every message in the account's INBOX, prefix first. */
  inbox(): Promise<string[]>;
  /** Waits for a fact that some commit brings about. */
  until(what: string, holds: () => Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

export interface HouseOptions {
  readonly zones?: ScriptedZones;
  /** In place of `zones`, and of HTTPS and public certificates. */
  readonly parts?: Partial<Omit<OutboundOptions, "storage" | "resolve" | "policy">> & { readonly resolver?: Resolver };
  readonly policy?: Partial<OutboundConfig>;
  readonly own?: readonly string[];
  readonly quota?: number | null;
  readonly sign?: NonNullable<OutboundOptions["sign"]>;
  /** What the worker sees instead of the store. */
  readonly wrap?: (storage: Storage) => Storage;
}

const POLICY: OutboundConfig = {
  port: 25,
  relay: null,
  routes: new Map(),
  privateExchanges: true,
  ca: null,
  senderRoutes: new Map(),
  sourceAddress: [],
  retry: { first: 30_000, longest: 4 * HOUR, giveUp: 120 * HOUR },
  hold: false,
  connections: 50,
  connectionsPerDomain: 10,
  destinations: new Map(),
};

/** A host of the operator's choice on this machine. */
export const relayTo = (port: number, more: Partial<RelayConfig> = {}): RelayConfig => ({
  host: "127.0.0.1",
  port,
  protocol: "smtp",
  tls: "none",
  ca: null,
  username: null,
  password: null,
  connections: null,
  ...more,
});
const KEYS = new Secret(new Uint8Array([1]));
const CREDENTIALS = {
  password: new Secret("$scrypt$"),
  scramSha256: { salt: new Uint8Array([3]), iterations: 4096, storedKey: KEYS, serverKey: KEYS },
};

export async function house(options: HouseOptions = {}): Promise<House> {
  const storage = memoryStorage();
  const logger = memoryLogger();
  await storage.perform("domain.add", { name: "ours.example", now: 1 });
  const account = await storage.perform("account.add", {
    address: "alice@ours.example",
    name: "Alice",
    quota: { bytes: options.quota ?? null, messages: null },
    credentials: CREDENTIALS,
    now: 1,
  });
  assert.ok("accountId" in account);
  const clock: Clock = {
    wall: () => self.now,
    monotonic: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
  const { resolver = scriptedResolver(options.zones ?? {}), ...parts } = options.parts ?? {};
  const createWorker = (storage: Storage) =>
    createOutbound({
      fetchPolicy: () => Promise.resolve({ failed: "sts-policy-fetch-error" }),
      storage,
      resolve: resolver.resolve,
      hostname: "mail.ours.example",
      policy: { ...POLICY, ...options.policy },
      ...(options.sign ? { sign: options.sign } : {}),
      clock,
      logger,
      ownEndpoints: () => new Set(options.own ?? []),
      ...parts,
    });
  let messages = 0;
  const self: House = {
    storage,
    worker: createWorker(options.wrap?.(storage) ?? storage),
    another: () => createWorker(storage),
    lines: logger.lines,
    account,
    now: START,
    text: MESSAGE,
    async send(recipients, more = {}) {
      const { sender, ...entry } = more;
      const traceId = `s1.${++messages}` as TraceId;
      const sealed = await seal(storage, self.text);
      const queued = recipients.map((forwardPath): QueueEntry => ({
        recipient: recipient(forwardPath),
        domain: forwardPath.slice(forwardPath.lastIndexOf("@") + 1),
        prefix: utf8Bytes("Received: by mail.ours.example\r\n"),
        dueAt: self.now,
        expiresAt: self.now + 120 * HOUR,
        ...entry,
      }));
      const args: AcceptArgs = {
        traceId,
        sender: { ...SENDER, ...sender },
        blobId: sealed.blobId,
        deliveries: [],
        queued,
        journal: [],
        now: self.now,
        overQuota: "defer",
      };
      await storage.perform("mail.accept", args);
      sealed.release();
      return traceId;
    },
    rows: () => storage.perform("queue.list", { after: null, limit: 100 }),
    inbox: () => inboxOf(storage, account),
    until: (what, holds) => until(what, holds, logger.lines),
    async close() {
      await self.worker.stop(1000);
      await storage.close();
    },
  };
  return self;
}

export const recipient = (forwardPath: string): EnvelopeRecipient => ({ forwardPath, notify: null, orcpt: null });

async function seal(storage: Storage, text: string) {
  const bytes = utf8Bytes(text);
  const indexer = new MessageIndexer();
  indexer.push(bytes);
  const writer = storage.createBlob();
  await writer.write(bytes);
  return await writer.seal(indexer.finish());
}

async function inboxOf(storage: Storage, { accountId }: Account): Promise<string[]> {
  const boxes = await storage.perform("mailbox.list", { accountId });
  const inbox = boxes.find((box) => box.role === "inbox")!;
  const { rows } = await storage.perform("email.read", {
    accountId,
    mailboxId: inbox.mailboxId,
    ranges: [{ first: 1 as Uid, last: 4294967295 as Uid }],
    fields: [],
    limit: 100,
  });
  const found: string[] = [];
  for (const { prefix, blobId, blobSize } of rows) {
    found.push(latin1String(prefix) + latin1String(await storage.readBlob(blobId, 0, blobSize)));
  }
  return found;
}

const PATIENCE_MS = 10_000;

async function until(what: string, holds: () => Promise<boolean>, lines: readonly unknown[]): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > end) assert.fail(`it did not come to: ${what}\n${JSON.stringify(lines, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** An SMTP server on loopback that says what its script says. */
export interface Peer {
  readonly port: number;
  /** Whole dialogues, one a connection, as the client spoke. */
  readonly heard: string[];
  /** Where they came from. */
  readonly from: string[];
  /** How often MAIL was said, over all connections. */
  transactions(): number;
  /** Breaks all connections; new ones are taken. */
  cut(): void;
  close(): Promise<void>;
}

/** Answers each command line by its verb, at once or later; a `null` says nothing at all, 421 ends. Bodies are read to their dot. */
export type Script = (verb: string, line: string) => string | null | Promise<string>;

export const friendly: Script = (verb) =>
  verb === "EHLO" ? "250-there\r\n250 PIPELINING" : verb === "DATA" ? "354 go" : "250 2.0.0 ok";

export async function peer(script: Script, port = 0, address = "127.0.0.1"): Promise<Peer> {
  const heard: string[] = [];
  const from: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    const at = heard.push("") - 1;
    from.push(socket.remoteAddress ?? "");
    let rest = "";
    let body = false;
    let later: Promise<void> | null = null;
    const answer = (verb: string, reply: string | null) => {
      if (reply !== null) socket.write(reply + "\r\n");
      if (verb === "QUIT" || reply?.startsWith("421")) socket.end();
    };
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.setNoDelay(true).write("220 there ESMTP\r\n");
    socket.setEncoding("latin1").on("data", (text: string) => {
      heard[at] += text;
      rest += text;
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (body && line !== ".") continue;
        const verb = body ? "." : line.split(" ")[0]!.split(":")[0]!;
        const reply = script(verb, line);
        body = verb === "DATA" && typeof reply === "string" && reply.startsWith("354");
        // Behind one that is late all are.
        if (later === null && !(reply instanceof Promise)) answer(verb, reply);
        else later = (later ?? Promise.resolve()).then(() => reply).then((text) => answer(verb, text));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  return {
    port: (server.address() as { port: number }).port,
    heard,
    from,
    transactions: () => heard.join("").split("MAIL FROM:").length - 1,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** `there.example` with one exchange on this machine. */
export const THERE: ScriptedZones = {
  "there.example": { MX: [{ type: "MX", preference: 10, exchange: "mx.there.example" }] },
  "mx.there.example": { A: [{ type: "A", address: "127.0.0.1" }] },
};
