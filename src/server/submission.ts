/** Messages from whoever administers the server: the HTTP API, and through it `palomar sendmail`. */
import { randomBytes } from "node:crypto";
import { isAscii } from "../base/ascii.ts";
import type {
  AnswerOf,
  Args,
  BlobId,
  EnvelopeSender,
  LogEvent,
  Login,
  Op,
  Peer,
  Program,
  Refusal,
  SessionId,
  StorageOp,
  TraceId,
} from "../contract/mod.ts";
import type { HttpDeps, SubmittedMessage } from "../http/deps.ts";
import { SYSTEM_FULL, TOO_LARGE } from "../mda/mod.ts";
import { crlfLines } from "../message/mod.ts";
import type { Storage } from "../storage/storage.ts";
import { BodySinks } from "./body_sinks.ts";
import type { Clock } from "./clock.ts";
import type { FilterChain } from "./filters/chain.ts";
import { type Perform, runProgram } from "./run_program.ts";
import { NO_FILTERS, type RunFilter } from "./typed_filters/mod.ts";
import type { MailPrograms } from "./world.ts";

export interface SubmissionParts {
  readonly storage: Storage;
  readonly programs: MailPrograms;
  /** DKIM signatures of what leaves. */
  readonly sign: (args: Args<"message.sign">) => Promise<AnswerOf<"message.sign">>;
  readonly clock: Pick<Clock, "wall">;
  /** Octets of the largest message. */
  readonly messageSize: number;
  readonly log: (event: LogEvent) => void;
  /** Asked about each message, as about others that are submitted. */
  readonly filters?: Pick<FilterChain, "receive">;
  /** Left out: no filters in TypeScript run. */
  readonly runFilter?: RunFilter;
}

const SINK = 1;
const PAGE = 128 * 1024;

/** Takes messages by the program of submission, without a login. They go to the store as they come. */
export function createSubmission(parts: SubmissionParts): HttpDeps["submit"] {
  return async (message) => {
    const sinks = new BodySinks(parts.storage);
    try {
      return await submit(message, sinks, parts);
    } finally {
      sinks.close();
    }
  };
}

async function submit(
  message: SubmittedMessage,
  sinks: BodySinks,
  parts: SubmissionParts,
): ReturnType<HttpDeps["submit"]> {
  const taken = await takeMessage(message, sinks, parts, { protocol: "submission", via: "HTTP" });
  if ("refused" in taken) return taken;
  const answer = await taken.receive(taken.args);
  return "refused" in answer ? answer : { accepted: answer.accepted };
}

/** By which way it came, and who brought it: left out, whoever administers the server. */
export interface Bringer {
  readonly protocol: "submission" | "lmtp";
  readonly via: string;
  readonly login?: { readonly login: Login; readonly address: string };
  /** Left out: a new one. */
  readonly sessionId?: SessionId;
}

/** A message that is in the store, and how the programs of the server go on with it. */
export interface TakenMessage {
  readonly args: Args<"message.receive">;
  /** Runs a program against the store. */
  readonly run: <R>(program: Program<R>) => Promise<R>;
  /** Content filters, then the server's own program. */
  readonly receive: (args: Args<"message.receive">) => Promise<AnswerOf<"message.receive">>;
}

/** Writes it to the store, its lines with CRLF. It is as if somebody of this machine had brought it by `protocol`. */
export async function takeMessage(
  message: SubmittedMessage,
  sinks: BodySinks,
  parts: SubmissionParts,
  by: Bringer,
): Promise<TakenMessage | { readonly refused: Refusal }> {
  const eightBit = await takeIn(message.body, sinks, parts.messageSize);
  if (eightBit === "tooLarge") return { refused: TOO_LARGE };
  const body = await sinks.seal(SINK);
  if ("refused" in body) return { refused: SYSTEM_FULL };
  const peer = somebodyHere(by);
  const paths = [message.sender.reversePath, ...message.recipients.map(({ forwardPath }) => forwardPath)];
  const sender: EnvelopeSender = {
    ...message.sender,
    size: body.size,
    body: eightBit ? "8bitmime" : "7bit",
    smtputf8: !paths.every(isAscii) || (eightBit && await hasUtf8Header(body.blobId, parts.storage)),
    requireTls: false,
  };
  const traceId = `${peer.session.id}.1` as TraceId;
  const perform = submissionWorld(parts, sinks);
  const run: TakenMessage["run"] = (program) => runProgram(program, perform, parts.log);
  const receive = (args: Args<"message.receive">) => run(parts.programs.receive(args));
  return {
    args: { peer, envelope: { sender, recipients: message.recipients }, ...body, traceId },
    run,
    receive: async (args) => await (parts.filters?.receive(args, [], parts.log, receive) ?? receive(args)),
  };
}

/** Who answers what programs of submission ask, outside of any connection. */
export function submissionWorld({ storage, clock, sign, runFilter }: SubmissionParts, sinks: BodySinks): Perform {
  return <K extends Op>(op: K, args: Args<K>): AnswerOf<K> | Promise<AnswerOf<K>> => {
    if (op === "clock.now") return clock.wall() as AnswerOf<K>;
    if (op === "message.sign") return sign(args as Args<"message.sign">) as Promise<AnswerOf<K>>;
    if (op === "body.make") return sinks.make((args as Args<"body.make">).parts) as Promise<AnswerOf<K>>;
    if (op === "report.receive") return { unread: "none" } as AnswerOf<K>; // reports come from other servers
    if (op === "filter.run") {
      return (runFilter?.(args as Args<"filter.run">) ?? NO_FILTERS) as AnswerOf<K> | Promise<AnswerOf<K>>;
    }
    if (op === "body.rewrite") {
      const { blobId, cut } = args as Args<"body.rewrite">;
      return sinks.rewrite(blobId, cut) as Promise<AnswerOf<K>>;
    }
    return storage.perform(op as StorageOp, args as never) as Promise<AnswerOf<K>>;
  };
}

/** Whether there are octets above 127; `tooLarge` as soon as it is. */
async function takeIn(
  body: SubmittedMessage["body"],
  sinks: BodySinks,
  limit: number,
): Promise<boolean | "tooLarge"> {
  const lines = crlfLines();
  let size = 0;
  let eightBit = false;
  if (body === null) return false;
  for await (const chunk of body) {
    const octets = lines(chunk);
    size += octets.length;
    if (size > limit) return "tooLarge";
    eightBit ||= octets.some((octet) => octet > 127);
    await sinks.chunk(SINK, octets);
  }
  return eightBit;
}

/** Whether the header of a message has octets above 127. */
export async function hasUtf8Header(blobId: BlobId, storage: Storage): Promise<boolean> {
  const end = (await storage.perform("blob.index", { blobId }))?.root.bodyStart ?? 0;
  for (let at = 0; at < end; at += PAGE) {
    const octets = await storage.readBlob(blobId, at, Math.min(end, at + PAGE));
    if (octets.some((octet) => octet > 127)) return true;
  }
  return false;
}

function somebodyHere({ protocol, via, login, sessionId }: Bringer): Peer {
  const id = sessionId ?? newSessionId();
  const remoteAddress = login?.address ?? "local";
  const place = { remoteAddress, remotePort: 0, localAddress: "local", localPort: 0, tls: null };
  const session = { id, protocol, ...place };
  if (login) return { session, helo: "localhost", via, login: login.login };
  return { session, helo: "localhost", via, login: null, trusted: true };
}

/** 80 bits: nobody guesses the trace ids that are made of it. */
export function newSessionId(): SessionId {
  return BigInt("0x" + randomBytes(10).toString("hex")).toString(36) as SessionId;
}
