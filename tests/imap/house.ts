/**
 * IMAP sessions over a store, in memory unless another is given, wired as the server wires them, several at once. Nothing here waits for a
 * time: when the event loop has come round, all that can happen has happened.
 */
import { setImmediate } from "node:timers";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import type { AccountId, EmailRow, Login, SessionId } from "../../src/contract/mod.ts";
import { type ImapServerOptions, imapSession } from "../../src/imap/mod.ts";
import { MessageIndexer } from "../../src/message/mod.ts";
import { drive, type LiveSession } from "../../src/net/drive.ts";
import { connect } from "../../src/net/connect.ts";
import { listen, type Listening } from "../../src/net/listen.ts";
import { memoryPair } from "../../src/net/memory_transport.ts";
import type { Transport } from "../../src/net/transport.ts";
import type { World } from "../../src/net/world.ts";
import { LoggedIn } from "../../src/server/logged_in.ts";
import { Watches } from "../../src/server/watches.ts";
import { createWorld } from "../../src/server/world.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { Secret } from "../../src/base/secret.ts";

/** What is put into a mailbox without a session. */
export interface Given {
  readonly path: string;
  readonly flags?: readonly string[];
  readonly internalDate?: number;
  readonly octets: Uint8Array;
}

/** Appended messages without a date of their own have this one. */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

export class House {
  readonly storage: Storage;
  readonly login: Login;
  /** What sessions logged as a bug; a test that ends with any has failed. */
  readonly bugs: string[] = [];
  readonly #world: World;
  readonly #live = new Set<LiveSession>();
  readonly #ends: Promise<void>[] = [];
  #door: Listening | null = null;

  readonly #logins = new Map<string, Login>();
  #acting: Login;

  private constructor(storage: Storage, login: Login) {
    this.storage = storage;
    this.login = login;
    this.#acting = login;
    this.#logins.set("user", login).set(login.login, login);
    this.#world = createWorld({
      storage,
      auth: {
        password: ({ login, password }) =>
          Promise.resolve(
            password.reveal() === "secret" && this.#logins.get(login) || { refused: "credentials" as const },
          ),
        bearer: () => Promise.reject(new Error("not in this house")),
        external: () => Promise.reject(new Error("not in this house")),
        scram: () => Promise.reject(new Error("not in this house")),
        scramDone: () => Promise.reject(new Error("not in this house")),
      },
      watches: new Watches(storage, (error) => this.bugs.push(String(error))),
      loggedIn: new LoggedIn(),
      programs: { verifySender: never, verifyRecipient: never, receive: never },
      seal: never,
      resolve: never,
      sign: never,
      clock: { wall: () => NOW, monotonic: () => 0, sleep: () => Promise.resolve() },
      logger: {
        log: (_, event, fields) => {
          if (event === "driver.bug" || event === "blob.unreadable") this.bugs.push(JSON.stringify(fields));
        },
        flush: () => {},
      },
      observe: () => {},
    });
  }

  static async build(storage: Storage = memoryStorage()): Promise<House> {
    return new House(storage, await makeAccount(storage, "user@example.org", false));
  }

  /** One more account; whoever may log in has the password "secret". */
  async account(address: string, shared: boolean): Promise<void> {
    this.#logins.set(address, await makeAccount(this.storage, address, shared));
  }

  /** Whose mailboxes are filled and read from now on. */
  actAs(address: string): void {
    const login = this.#logins.get(address);
    if (!login) throw new Error(`no account ${address}`);
    this.#acting = login;
  }

  get accountId(): AccountId {
    return this.#acting.accountId;
  }

  /** Stores messages in one transaction a path. */
  async give(messages: readonly Given[]): Promise<void> {
    for (const { path, flags = [], internalDate = NOW, octets } of messages) {
      const indexer = new MessageIndexer();
      indexer.push(octets);
      const writer = this.storage.createBlob();
      await writer.write(octets);
      const sealed = await writer.seal(indexer.finish());
      const done = await this.storage.perform("email.append", {
        accountId: this.accountId,
        path,
        messages: [{ blobId: sealed.blobId, flags, internalDate }],
        now: NOW,
      });
      if ("refused" in done) throw new Error(`${path}: ${done.refused}`);
      sealed.release();
    }
  }

  /** Delivers a message as SMTP does: with fields before it. */
  async deliver(prefix: Uint8Array, octets: Uint8Array): Promise<void> {
    const indexer = new MessageIndexer();
    indexer.push(octets);
    const writer = this.storage.createBlob();
    await writer.write(octets);
    const sealed = await writer.seal(indexer.finish());
    const recipient = "user@example.org";
    await this.storage.perform("mail.accept", {
      traceId: "t.1" as never,
      sender: { reversePath: "" } as never,
      blobId: sealed.blobId,
      deliveries: [{
        accountId: this.accountId,
        recipient,
        target: { path: "INBOX" },
        flags: [],
        prefix,
        internalDate: NOW,
      }],
      queued: [],
      journal: [],
      now: NOW,
      overQuota: "refuse",
    });
    sealed.release();
  }

  async rows(path: string): Promise<readonly EmailRow[]> {
    const mailbox = await this.storage.perform("mailbox.get", { accountId: this.accountId, path });
    if (mailbox === null) return [];
    const ranges = [{ first: 1, last: 4294967295 }] as never;
    const { accountId } = this;
    const { mailboxId } = mailbox;
    const read = await this.storage.perform("email.read", { accountId, mailboxId, ranges, fields: [], limit: 100000 });
    return read.rows;
  }

  connect(options: Partial<ImapServerOptions> = {}): Client {
    const { server, client } = memoryPair();
    void this.#serve(server, options);
    return new Client(client);
  }

  /** The same through a socket: then nobody knows when all has come that will come. */
  async connectTcp(): Promise<Client> {
    this.#door ??= await listen({
      at: { address: "127.0.0.1", port: 0 },
      tls: "none",
      serve: (transport) => this.#serve(transport, {}),
      log: () => {},
    });
    const { port } = this.#door.address as { port: number };
    const transport = await connect({ host: "127.0.0.1", port, timeoutMs: 10_000 });
    return new Client(transport, true);
  }

  #serve(server: Transport, options: Partial<ImapServerOptions>): Promise<void> {
    const session = imapSession({ hostname: "imap.example.org", allowPlaintextAuth: true, ...options });
    const info = {
      id: `s${this.#ends.length}` as SessionId,
      protocol: "imap" as const,
      remoteAddress: server.remoteAddress,
      remotePort: server.remotePort,
      localAddress: server.localAddress,
      localPort: server.localPort,
      tls: null,
    };
    const end = drive(session, server, this.#world, info, { now: () => 0, sessions: this.#live });
    this.#ends.push(end);
    return end;
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    for (const live of this.#live) live.post({ type: "closed" });
    await Promise.all(this.#ends);
    await this.#door?.close({ graceMs: 0 });
    await this.storage.close();
  }
}

async function makeAccount(storage: Storage, address: string, shared: boolean): Promise<Login> {
  await storage.perform("domain.add", { name: address.slice(address.indexOf("@") + 1), now: NOW });
  const secret = new Secret(new Uint8Array(32));
  const made = await storage.perform("account.add", {
    address,
    name: "User",
    credentials: {
      password: new Secret("$none$"),
      scramSha256: { salt: new Uint8Array(16), iterations: 4096, storedKey: secret, serverKey: secret },
    },
    quota: { bytes: null, messages: null },
    shared,
    now: NOW,
  });
  if (!("accountId" in made)) throw new Error("no account");
  return { accountId: made.accountId, login: address, scopes: null };
}

/** One connection to the server. */
export class Client {
  closed = false;
  readonly #transport: Transport;
  readonly #patient: boolean;
  #received = "";

  /** `patient`: what comes takes its time. */
  constructor(transport: Transport, patient = false) {
    this.#transport = transport;
    this.#patient = patient;
    transport.onData = (chunk) => void (this.#received += latin1String(chunk));
    transport.onClose = () => void (this.closed = true);
  }

  /** Sends octets (latin1) in pieces of sizes that `sizes` gives. */
  send(octets: string, nextSize: () => number = () => Infinity): void {
    const bytes = latin1Bytes(octets);
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + nextSize());
      this.#transport.write(bytes.slice(at, end));
      at = end;
    }
  }

  /** All that came since the last call, as latin1, when nothing more comes. */
  async receive(): Promise<string> {
    await settled();
    if (this.#patient && this.#received === "") await new Promise((resolve) => setTimeout(resolve, 1));
    const received = this.#received;
    this.#received = "";
    return received;
  }

  /** Sends a command without its tag and gives all that comes up to its tagged response. */
  async command(text: string): Promise<string> {
    this.send(`t ${text}\r\n`);
    let received = "";
    while (!this.closed && !/^t (OK|NO|BAD) [^\r\n]*\r\n$/m.test(received.slice(received.lastIndexOf("\nt ") + 1))) {
      received += await this.receive();
    }
    return received;
  }

  hangUp(): void {
    this.#transport.destroy();
  }
}

/** Lets everything happen that can happen without a timer. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function never(): never {
  throw new Error("nobody asks that over IMAP");
}
