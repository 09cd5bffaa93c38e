/**
 * The world of every session: who answers which question. Questions to the store go straight to it; the rest is this
 * table. It is the wiring of the whole server on one page.
 */
import { randomBytes } from "node:crypto";
import type {
  AnswerOf,
  Args,
  BlobId,
  DnsAnswer,
  DnsType,
  Input,
  LogEvent,
  Login,
  LoginRefused,
  Op,
  Program,
  SessionInfo,
  StorageOp,
} from "../contract/mod.ts";
import type { SessionWorld, World } from "../net/world.ts";
import type { Storage } from "../storage/storage.ts";
import type { Guard } from "./abuse/guard.ts";
import type { FilterChain } from "./filters/chain.ts";
import { SessionGuard } from "./abuse/session_guard.ts";
import { type Auth, doorOf } from "./auth.ts";
import { BodySinks } from "./body_sinks.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";
import { Listening } from "./listening.ts";
import { type EventOp, isMailboxEvent, type MailboxEvents } from "./mailbox_events.ts";
import type { LoggedIn } from "./logged_in.ts";
import type { OpenSessions } from "./open_sessions.ts";
import { runProgram } from "./run_program.ts";
import { NO_FILTERS, type RunFilter } from "./typed_filters/mod.ts";
import type { Watches } from "./watches.ts";

/** The programs that decide about mail; the server chooses them once. */
export interface MailPrograms {
  verifySender(args: Args<"sender.verify">): Program<AnswerOf<"sender.verify">>;
  verifyRecipient(args: Args<"rcpt.verify">): Program<AnswerOf<"rcpt.verify">>;
  receive(args: Args<"message.receive">): Program<AnswerOf<"message.receive">>;
}

export interface WorldParts {
  readonly storage: Storage;
  readonly auth: Omit<Auth, "person" | "mayTry" | "failed">;
  readonly watches: Watches;
  readonly loggedIn: LoggedIn;
  /** Left out: nobody looks at them. */
  readonly openSessions?: OpenSessions;
  /** Left out: nobody is limited or banned. */
  readonly guard?: Guard;
  /** Left out: nobody looks at content. */
  readonly filters?: FilterChain;
  readonly programs: MailPrograms;
  readonly resolve: (name: string, type: DnsType) => Promise<DnsAnswer>;
  readonly seal: (args: Args<"message.seal">) => Promise<AnswerOf<"message.seal">>;
  readonly sign: (args: Args<"message.sign">) => Promise<AnswerOf<"message.sign">>;
  /** Left out: nothing is counted. */
  readonly countDmarc?: (args: Args<"dmarc.count">) => void;
  /** Left out: nobody is told. */
  readonly failedDmarc?: (args: Args<"dmarc.failed">) => void;
  /** Left out: nobody reads reports. */
  readonly receiveReport?: (args: Args<"report.receive">) => Promise<AnswerOf<"report.receive">>;
  /** Left out: mailboxes have no scripts (RFC 6785). */
  readonly mailboxEvents?: MailboxEvents;
  /** Left out: no filters in TypeScript run. */
  readonly runFilter?: RunFilter;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts for the metrics. */
  readonly observe: (event: LogEvent, session: SessionInfo) => void;
}

export function createWorld(parts: WorldParts): World {
  return { open: (session, post) => new OpenSession(parts, session, post) };
}

/** Questions that are not the store's. */
type OwnOp = Exclude<Op, StorageOp>;
type OwnAnswers = {
  readonly [K in OwnOp]: (world: OpenSession, args: Args<K>) => AnswerOf<K> | Promise<AnswerOf<K>>;
};

/** Fifty seals of a chain and the largest header cost a tenth of a second: not all at once. */
const RECEIVE_SLICE_MS = 10;

/** Who answers them. */
const OWN: OwnAnswers = {
  "auth.password": (world, args) =>
    world.logIn(() => world.parts.auth.password(args, world.session.remoteAddress, doorOf(world.session.protocol))),
  "auth.scram": (world, args) => world.parts.auth.scram(args, world.session.remoteAddress),
  "auth.scramDone": (world, args) => world.logIn(() => world.parts.auth.scramDone(args, world.session.remoteAddress)),
  "auth.bearer": (world, args) =>
    world.logIn(() => world.parts.auth.bearer(args, world.session.remoteAddress, doorOf(world.session.protocol))),
  "auth.external": (world, args) => world.logIn(() => world.parts.auth.external(args)),
  "auth.forget": (world) => world.forget(),
  "body.seal": (world, { sink }) => world.sinks.seal(sink),
  "body.make": (world, { parts }) => world.sinks.make(parts),
  "body.compose": (world, { sink, parts }) => world.sinks.compose(sink, parts),
  "body.rewrite": (world, { blobId, cut }) => world.sinks.rewrite(blobId, cut),
  "clock.now": (world) => world.parts.clock.wall(),
  "dns.resolve": (world, { name, type }) => world.parts.resolve(name, type),
  "filter.run": (world, args) => world.parts.runFilter?.(args) ?? NO_FILTERS,
  "mailbox.watch": (world, args) => world.watch(args),
  "mailbox.unwatch": (world) => world.unwatch(),
  "mailbox.listen": (world, args) => world.listen(args),
  "mailbox.heard": (world) => world.heard(),
  // Asked by connections that we make, which have a world of their own.
  "relay.next": () => null,
  "relay.derive": () => Promise.reject(new Error("nobody logs in from here")),
  // Asked by JMAP, which has no connection of its own.
  "email.columns": () => Promise.reject(new Error("there are no columns here")),
  "mailbox.counts": () => Promise.reject(new Error("there are no columns here")),
  "sieve.check": () => Promise.reject(new Error("scripts are checked where they are read")),
  "push.terms": () => Promise.reject(new Error("there are no push subscriptions here")),
  "text.random": () => randomBytes(18).toString("hex"),
  "mail.submit": () => Promise.reject(new Error("submission has a machine")),
  "client.verify": (world) => world.guard?.client() ?? { ok: true, early: "allow" },
  "sender.verify": (world, args) => world.verifySender(args),
  "rcpt.verify": (world, args) => world.verifyRecipient(args),
  "message.receive": (world, args) => world.receive(args),
  "message.sign": (world, args) => world.parts.sign(args),
  "message.seal": (world, args) => world.parts.seal(args),
  "dmarc.count": (world, args) => {
    world.parts.countDmarc?.(args);
    return true;
  },
  "dmarc.failed": (world, args) => {
    world.parts.failedDmarc?.(args);
    return true;
  },
  "report.receive": (world, args) => world.parts.receiveReport?.(args) ?? { unread: "none" },
};

const OWN_BY_OP: Partial<Record<Op, (world: OpenSession, args: unknown) => unknown>> = OWN as never;

/** One session's world: its sinks, its watch, and who is logged in. Thousands idle, so it is one small object. */
class OpenSession implements SessionWorld {
  readonly parts: WorldParts;
  readonly session: SessionInfo;
  readonly sinks: BodySinks;
  readonly #post: (input: Input) => void;
  #stopWatching: (() => void) | null = null;
  #listening: Listening | null = null;
  #forget: (() => void) | null = null;
  #guard: SessionGuard | null = null;
  #closed = false;
  #user = "";

  constructor(parts: WorldParts, session: SessionInfo, post: (input: Input) => void) {
    this.parts = parts;
    this.session = session;
    this.sinks = new BodySinks(parts.storage);
    this.#post = post;
  }

  /** Made when the session first does something: thousands do nothing. */
  get guard(): SessionGuard | null {
    const { guard } = this.parts;
    if (!guard) return null;
    return this.#guard ??= new SessionGuard(guard, this.session, {
      log: (event) => this.log(event),
      run: (program) => this.run(program),
    });
  }

  perform<K extends Op>(op: K, args: Args<K>): AnswerOf<K> | Promise<AnswerOf<K>> {
    if (this.parts.mailboxEvents && isMailboxEvent(op)) {
      return this.#withEvent(op, args as never) as Promise<AnswerOf<K>>;
    }
    const answer = OWN_BY_OP[op];
    return (answer ? answer(this, args) : this.parts.storage.perform(op as StorageOp, args as never)) as never;
  }

  /** The client's command has succeeded when the scripts of its mailbox run, and does not fail with them. */
  async #withEvent<K extends EventOp>(op: K, args: Args<K>): Promise<AnswerOf<K>> {
    const answer = await this.parts.storage.perform(op, args);
    await this.parts.mailboxEvents?.(op, args, answer, {
      user: this.#user,
      make: (parts) => this.sinks.make(parts),
      log: (event) => this.log(event),
    });
    this.sinks.releaseMade();
    return answer;
  }

  bodyChunk(sink: number, chunk: Uint8Array): void | Promise<void> {
    return this.sinks.chunk(sink, chunk);
  }

  bodyAbort(sink: number): void {
    this.sinks.abort(sink);
  }

  readBlob(blobId: BlobId, start: number, end: number): Promise<Uint8Array> {
    return this.parts.storage.readBlob(blobId, start, end);
  }

  log(event: LogEvent): void {
    this.parts.observe(event, this.session);
    if (event.event === "smtp.abuse") this.guard?.heard(event);
    this.parts.logger.log(event.level, event.event, { session: this.session.id, ...event.fields });
  }

  close(): void {
    this.#closed = true;
    this.#forget?.();
    this.unwatch();
    this.#listening?.stop();
    this.sinks.close();
  }

  run<R>(program: Program<R>, sliceMs?: number): Promise<R> {
    return runProgram(program, (op, args) => this.perform(op, args), (event) => this.log(event), sliceMs);
  }

  verifySender(args: Args<"sender.verify">): Promise<AnswerOf<"sender.verify">> {
    const verify = () => this.run(this.parts.programs.verifySender(args));
    return this.guard?.sender(args, verify) ?? verify();
  }

  verifyRecipient(args: Args<"rcpt.verify">): Promise<AnswerOf<"rcpt.verify">> {
    const verify = () => this.run(this.parts.programs.verifyRecipient(args));
    return this.guard?.recipient(args, verify) ?? verify();
  }

  receive(args: Args<"message.receive">): Promise<AnswerOf<"message.receive">> {
    const { filters, programs } = this.parts;
    this.sinks.releaseMade(); // of the message before
    const receive = (filtered: Args<"message.receive">) => this.run(programs.receive(filtered), RECEIVE_SLICE_MS);
    if (!filters) return receive(args);
    return filters.receive(args, this.guard?.signals ?? [], (event) => this.log(event), receive);
  }

  /** An attempt; one that succeeded is remembered, so that it can be ended from outside. */
  async logIn(attempt: () => Promise<Login | LoginRefused>): Promise<Login | LoginRefused> {
    if (this.parts.guard?.isBanned(this.session.remoteAddress)) return { refused: "tooMany" }; // no guard of its own for that
    const answer = await attempt();
    this.parts.guard?.loginEnded(answer, this.session.remoteAddress);
    if (!("refused" in answer)) this.#user = answer.login;
    if (this.#closed || "refused" in answer) return answer;
    this.#forget?.();
    this.parts.openSessions?.named(this.session, answer.login);
    this.#forget = this.parts.loggedIn.add(answer.login, this.#post);
    return answer;
  }

  forget(): true {
    this.#forget?.();
    this.#forget = null;
    return true;
  }

  watch({ accountId, ownerId, mailboxId, since }: Args<"mailbox.watch">): true {
    this.unwatch();
    if (this.#closed) return true;
    const post = this.#post;
    this.#stopWatching = this.parts.watches.watch(
      accountId,
      mailboxId,
      since,
      (changes) => post({ type: "changes", changes }),
      ownerId,
    );
    return true;
  }

  listen({ accountId, ownerIds }: Args<"mailbox.listen">): true {
    this.#listening?.stop();
    this.#listening = this.#closed || ownerIds.length === 0
      ? null
      : new Listening(this.parts.storage, accountId, ownerIds, () => this.#post({ type: "heard" }));
    return true;
  }

  heard(): AnswerOf<"mailbox.heard"> {
    return this.#listening?.take() ?? { mailboxIds: [], mailboxList: false, annotations: [] };
  }

  unwatch(): true {
    this.#stopWatching?.();
    this.#stopWatching = null;
    return true;
  }
}
