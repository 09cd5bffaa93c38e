/**
 * The world of every session: who answers which question. Questions to the store go straight to it; the rest is this
 * table. It is the wiring of the whole server on one page.
 */
import type {
  AnswerOf,
  Args,
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
import type { Auth } from "./auth.ts";
import { BodySinks } from "./body_sinks.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";
import type { LoggedIn } from "./logged_in.ts";
import { type Perform, runProgram } from "./run_program.ts";
import type { Watches } from "./watches.ts";

/** The programs that decide about mail; the server chooses them once. */
export interface MailPrograms {
  verifySender(args: Args<"sender.verify">): Program<AnswerOf<"sender.verify">>;
  verifyRecipient(args: Args<"rcpt.verify">): Program<AnswerOf<"rcpt.verify">>;
  receive(args: Args<"message.receive">): Program<AnswerOf<"message.receive">>;
}

export interface WorldParts {
  readonly storage: Storage;
  readonly auth: Auth;
  readonly watches: Watches;
  readonly loggedIn: LoggedIn;
  readonly programs: MailPrograms;
  readonly resolve: (name: string, type: DnsType) => Promise<DnsAnswer>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts for the metrics. */
  readonly observe: (event: LogEvent, session: SessionInfo) => void;
}

/** Questions that are not the store's. */
type OwnOp = Exclude<Op, StorageOp>;
type OwnAnswers = { readonly [K in OwnOp]: (args: Args<K>) => AnswerOf<K> | Promise<AnswerOf<K>> };

export function createWorld(parts: WorldParts): World {
  return { open: (session, post) => openSession(parts, session, post) };
}

function openSession(parts: WorldParts, session: SessionInfo, post: (input: Input) => void): SessionWorld {
  const { storage, auth, watches, programs, clock } = parts;
  const sinks = new BodySinks(storage);
  let unwatch: (() => void) | null = null;
  let forget: (() => void) | null = null;
  let closed = false;

  const log = (event: LogEvent): void => {
    parts.observe(event, session);
    parts.logger.log(event.level, event.event, { session: session.id, ...event.fields });
  };
  const run = <R>(program: Program<R>): Promise<R> => runProgram(program, perform, log);
  const stopWatching = (): void => {
    unwatch?.();
    unwatch = null;
  };

  const remember = (answer: Login | LoginRefused): Login | LoginRefused => {
    if (closed || "refused" in answer) return answer;
    forget?.();
    forget = parts.loggedIn.add(answer.login, post);
    return answer;
  };

  const own: OwnAnswers = {
    "auth.password": async (args) => remember(await auth.password(args, session.remoteAddress)),
    "auth.scram": (args) => auth.scram(args, session.remoteAddress),
    "auth.scramDone": async (args) => remember(await auth.scramDone(args, session.remoteAddress)),
    "body.seal": ({ sink }) => sinks.seal(sink),
    "body.rewrite": ({ blobId, cut }) => sinks.rewrite(blobId, cut),
    "clock.now": () => clock.wall(),
    "dns.resolve": ({ name, type }) => parts.resolve(name, type),
    "mailbox.watch": ({ accountId, mailboxId, since }) => {
      stopWatching();
      if (closed) return true;
      unwatch = watches.watch(accountId, mailboxId, since, (changes) => post({ type: "changes", changes }));
      return true;
    },
    "mailbox.unwatch": () => {
      stopWatching();
      return true;
    },
    "sender.verify": (args) => run(programs.verifySender(args)),
    "rcpt.verify": (args) => run(programs.verifyRecipient(args)),
    "message.receive": (args) => run(programs.receive(args)),
  };

  const perform: Perform = (op, args) => {
    const answer = (own as Partial<Record<Op, (args: unknown) => unknown>>)[op];
    return (answer ? answer(args) : storage.perform(op as StorageOp, args as never)) as never;
  };

  return {
    perform,
    bodyChunk: (sink, chunk) => sinks.chunk(sink, chunk),
    bodyAbort: (sink) => sinks.abort(sink),
    readBlob: (blobId, start, end) => storage.readBlob(blobId, start, end),
    log,
    close() {
      closed = true;
      forget?.();
      stopWatching();
      sinks.close();
    },
  };
}
