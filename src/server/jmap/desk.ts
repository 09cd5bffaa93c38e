/** JMAP in the server: who asks, the world of its programs, and blobs. */
import { randomBytes } from "node:crypto";
import type { AnswerOf, Args, Login, LoginRefused, Op, StorageOp } from "../../contract/mod.ts";
import type { JmapDesk } from "../../http/jmap/desk.ts";
import type { StreamLimits } from "../../http/jmap/open_streams.ts";
import type { PushHub } from "../../http/jmap/push_hub.ts";
import { BLOB_KEPT_MS, JMAP_LIMITS, type JmapSieve, type JmapUser, processRequest } from "../../jmap/mod.ts";
import type { VapidKey } from "../../web_push/mod.ts";
import type { SubmissionParts } from "../submission.ts";
import type { Guard } from "../abuse/guard.ts";
import type { Auth } from "../auth.ts";
import { BodySinks } from "../body_sinks.ts";
import { type Perform, runProgram } from "../run_program.ts";
import { ColumnCache } from "./column_cache.ts";
import { findBlob } from "./blobs.ts";
import { submitByJmap } from "./submit.ts";
import type { Clock } from "../clock.ts";
import { later } from "../later.ts";
import type { JmapUsers } from "./users.ts";
import { credentialOf, credentialState } from "../web_push/credentials.ts";
import type { WebPush } from "../web_push/mod.ts";

export interface JmapParts extends SubmissionParts {
  readonly clock: Clock;
  readonly auth: Auth;
  readonly guard: Guard;
  /** How long a message may be held back. */
  readonly futureReleaseMs: number;
  /** Of one message. */
  readonly maxRecipients: number;
  readonly users: JmapUsers;
  readonly hub: PushHub;
  readonly streams: StreamLimits;
  readonly webPush: WebPush;
  readonly vapidKey: () => Promise<VapidKey>;
  /** What scripts may be, and what is wrong with one. */
  readonly sieve: JmapSieve;
  readonly checkSieve: (name: string, content: string) => Promise<AnswerOf<"sieve.check">>;
}

/** A program lets others have a turn so often. */
const SLICE_MS = 8;

export function createJmapDesk(parts: JmapParts): JmapDesk {
  const { storage, auth, guard, clock } = parts;
  const columns = new ColumnCache(storage);
  return {
    limits: {
      ...JMAP_LIMITS,
      maxSizeUpload: Math.max(JMAP_LIMITS.maxSizeUpload, parts.messageSize),
      maxDelayedSend: Math.floor(parts.futureReleaseMs / 1000),
      maxSizeMessage: parts.messageSize,
      maxRecipients: parts.maxRecipients,
      sieve: parts.sieve,
    },

    async logIn(shown, address, door = "jmap"): Promise<Login | LoginRefused> {
      if (guard.isBanned(address)) return { refused: "tooMany" };
      const answer = "token" in shown
        ? await auth.bearer({ login: null, token: shown.token }, address, door)
        : await auth.password(shown, address, door);
      guard.loginEnded(answer, address);
      return answer;
    },

    user: (login, fresh) => parts.users.find(login, fresh),
    credential: (shown, login) => credentialOf(storage, shown, login, clock.wall()),
    holds: async ({ login }, credential) =>
      await credentialState(storage, { login, credential }, clock.wall()) === "holds",
    now: () => clock.wall(),

    async process(request, { user, credential, sessionState, address }) {
      const sinks = new BodySinks(storage);
      try {
        const program = processRequest(request, user, this.limits, sessionState, credential);
        return await runProgram(program, world(parts, columns, { user, address, sinks }), parts.log, SLICE_MS);
      } finally {
        sinks.close();
      }
    },

    hub: parts.hub,
    streams: parts.streams,
    later: (ms, call) => later(clock, ms, call),
    applicationServerKey: async () => (await parts.vapidKey()).publicKey,

    async keep(accountId, blobId) {
      const now = clock.wall();
      await storage.perform("blob.keep", { accountId, blobId, until: now + BLOB_KEPT_MS, now });
      return now + BLOB_KEPT_MS;
    },

    find: (user, accountId, blobId) => findBlob(storage, user, accountId, blobId),
  };
}

/** Who answers what a program of JMAP asks. */
function world(
  parts: JmapParts,
  columns: ColumnCache,
  { user, address, sinks }: { readonly user: JmapUser; readonly address: string; readonly sinks: BodySinks },
): Perform {
  const { storage, clock } = parts;
  const login = { accountId: user.accountId, login: user.address, scopes: null };
  return <K extends Op>(op: K, args: Args<K>): AnswerOf<K> | Promise<AnswerOf<K>> => {
    if (op === "clock.now") return clock.wall() as AnswerOf<K>;
    if (op === "text.random") return randomBytes(18).toString("hex") as AnswerOf<K>;
    if (op === "email.columns") return columns.of(args as Args<"email.columns">) as Promise<AnswerOf<K>>;
    if (op === "mailbox.counts") return columns.counts(args as Args<"mailbox.counts">) as Promise<AnswerOf<K>>;
    if (op === "mail.submit") {
      const submitter = { login, address, sinks };
      return submitByJmap(parts, parts.guard, submitter, args as Args<"mail.submit">) as Promise<AnswerOf<K>>;
    }
    if (op === "sieve.check") {
      const { name, content } = args as Args<"sieve.check">;
      return parts.checkSieve(name, content) as Promise<AnswerOf<K>>;
    }
    if (op === "push.terms") {
      const { accountId, creating } = args as Args<"push.terms">;
      return parts.webPush.terms(accountId, creating) as Promise<AnswerOf<K>>;
    }
    if (op === "object.set" && (args as Args<"object.set">).kind === "push") {
      return setSubscriptions(parts, args as Args<"object.set">) as Promise<AnswerOf<K>>;
    }
    if (op === "body.make") return sinks.make((args as Args<"body.make">).parts) as Promise<AnswerOf<K>>;
    return storage.perform(op as StorageOp, args as never) as Promise<AnswerOf<K>>;
  };
}

/** RFC 8620 section 7.2.2: whoever is new is sent his code at once; the answer does not wait for it. */
async function setSubscriptions(
  { storage, webPush }: JmapParts,
  args: Args<"object.set">,
): Promise<AnswerOf<"object.set">> {
  const answer = await storage.perform("object.set", args);
  if (!("refused" in answer)) {
    void webPush.changed(args.accountId, answer.created.filter((id) => id !== null));
  }
  return answer;
}
