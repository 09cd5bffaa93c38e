/** JMAP in the server: who asks, the world of its programs, and blobs. */
import { randomBytes } from "node:crypto";
import type { AccountId, AnswerOf, Args, Login, LoginRefused, Op, StorageOp } from "../../contract/mod.ts";
import type { JmapDesk } from "../../http/jmap/desk.ts";
import { JMAP_LIMITS, type JmapUser, processRequest } from "../../jmap/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import type { SubmissionParts } from "../submission.ts";
import type { Guard } from "../abuse/guard.ts";
import type { Auth } from "../auth.ts";
import { BodySinks } from "../body_sinks.ts";
import { type Perform, runProgram } from "../run_program.ts";
import { ColumnCache } from "./column_cache.ts";
import { findBlob } from "./blobs.ts";
import { submitByJmap } from "./submit.ts";

export interface JmapParts extends SubmissionParts {
  readonly auth: Auth;
  readonly guard: Guard;
  /** How long a message may be held back. */
  readonly futureReleaseMs: number;
}

/** An upload stays so long (RFC 8620 section 6: at least an hour). */
const KEPT_MS = 6 * 3_600_000;
/** How long it is believed which accounts are shared with somebody. */
const USERS_MS = 5_000;
const USERS = 10_000;
/** A program lets others have a turn so often. */
const SLICE_MS = 8;

export function createJmapDesk(parts: JmapParts): JmapDesk {
  const { storage, auth, guard, clock } = parts;
  const columns = new ColumnCache(storage);
  const users = new Map<AccountId, { readonly user: JmapUser; readonly until: number }>();
  return {
    limits: {
      ...JMAP_LIMITS,
      maxSizeUpload: Math.max(JMAP_LIMITS.maxSizeUpload, parts.messageSize),
      maxDelayedSend: Math.floor(parts.futureReleaseMs / 1000),
    },

    async logIn(shown, address, door = "jmap"): Promise<Login | LoginRefused> {
      if (guard.isBanned(address)) return { refused: "tooMany" };
      const answer = "token" in shown
        ? await auth.bearer({ login: null, token: shown.token }, address, door)
        : await auth.password(shown, address, door);
      guard.loginEnded(answer, address);
      return answer;
    },

    async user({ accountId, login }) {
      const known = users.get(accountId);
      if (known && known.until > clock.wall()) return known.user;
      const user = await userOf(storage, accountId, login);
      users.delete(accountId);
      if (!user) return null;
      users.set(accountId, { user, until: clock.wall() + USERS_MS });
      const [oldest] = users.keys();
      if (users.size > USERS && oldest) users.delete(oldest);
      return user;
    },

    async process(request, user, sessionState, address) {
      const sinks = new BodySinks(storage);
      try {
        const program = processRequest(request, user, this.limits, sessionState);
        return await runProgram(program, world(parts, columns, { user, address, sinks }), parts.log, SLICE_MS);
      } finally {
        sinks.close();
      }
    },

    push: {
      watch: (accountId, listener) => storage.watch(accountId, listener),
      state: async (accountId) => String(await storage.perform("account.state", { accountId })),
    },

    async keep(accountId, blobId) {
      const now = clock.wall();
      await storage.perform("blob.keep", { accountId, blobId, until: now + KEPT_MS, now });
      return now + KEPT_MS;
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
    if (op === "body.make") return sinks.make((args as Args<"body.make">).parts) as Promise<AnswerOf<K>>;
    return storage.perform(op as StorageOp, args as never) as Promise<AnswerOf<K>>;
  };
}

/** His own account, and those of others that he may look into. */
async function userOf(storage: Storage, accountId: AccountId, address: string): Promise<JmapUser | null> {
  const own = await storage.perform("account.get", { address });
  if (own === null || own.accountId !== accountId || own.disabled) return null;
  const others = await storage.perform("acl.owners", { accountId });
  const shared = others.map(({ accountId, address, rights }) => ({
    accountId,
    name: address,
    isPersonal: false,
    isReadOnly: !/[swipkxte]/.test(rights),
  }));
  return {
    accountId,
    address,
    accounts: [{ accountId, name: address, isPersonal: true, isReadOnly: false }, ...shared],
  };
}
