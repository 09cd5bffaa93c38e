/**
 * News of accounts for those who wait: one watch of the store an account however many wait, and one line of text for all
 * of them. What was said is forgotten; whoever was away asks for changes.
 */
import { utf8Bytes } from "../../base/bytes.ts";
import type { AccountId } from "../../contract/mod.ts";
import type { Touched } from "../../storage/storage.ts";

/** Types of objects whose states are told (RFC 8620 section 7.1). */
export type PushType = "Mailbox" | "Email" | "Thread" | "EmailSubmission" | "Identity";
export const PUSH_TYPES: readonly PushType[] = ["Mailbox", "Email", "Thread", "EmailSubmission", "Identity"];

/** What a hub asks the server. */
export interface PushParts {
  watch(accountId: AccountId, listener: (touched: Touched) => void): () => void;
  /** The state of the account's objects. */
  state(accountId: AccountId): Promise<string>;
}

/** Told that types of an account have a new state. `line` is the change as JSON, the same octets for all. */
export type PushListener = (change: {
  readonly accountId: AccountId;
  readonly types: ReadonlySet<PushType>;
  readonly state: string;
  line(types: readonly PushType[]): Uint8Array;
}) => void;

interface Watched {
  readonly listeners: Set<PushListener>;
  readonly stop: () => void;
  readonly types: Set<PushType>;
  timer: ReturnType<typeof setTimeout> | null;
}

/** Commits that come close together are one piece of news. */
const GATHER_MS = 25;

export class PushHub {
  readonly #parts: PushParts;
  readonly #accounts = new Map<AccountId, Watched>();

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  /** Listens from now on; the answer ends it. */
  listen(accountId: AccountId, listener: PushListener): () => void {
    let watched = this.#accounts.get(accountId);
    if (!watched) {
      const types = new Set<PushType>();
      const stop = this.#parts.watch(accountId, (touched) => this.#touched(accountId, touched));
      this.#accounts.set(accountId, watched = { listeners: new Set(), stop, types, timer: null });
    }
    const own = watched;
    const mine: PushListener = (change) => listener(change);
    own.listeners.add(mine);
    return () => {
      own.listeners.delete(mine);
      if (own.listeners.size > 0 || this.#accounts.get(accountId) !== own) return;
      this.#accounts.delete(accountId);
      if (own.timer !== null) clearTimeout(own.timer);
      own.stop();
    };
  }

  #touched(accountId: AccountId, { mailboxIds, mailboxList }: Touched): void {
    const watched = this.#accounts.get(accountId);
    if (!watched) return;
    if (mailboxIds.size > 0) { for (const type of ["Mailbox", "Email", "Thread"] as const) watched.types.add(type); }
    if (mailboxList) {
      for (const type of ["Mailbox", "EmailSubmission", "Identity"] as const) {
        watched.types.add(type);
      }
    }
    if (watched.types.size > 0) watched.timer ??= setTimeout(() => void this.#tell(accountId, watched), GATHER_MS);
  }

  async #tell(accountId: AccountId, watched: Watched): Promise<void> {
    watched.timer = null;
    const types = new Set(watched.types);
    watched.types.clear();
    // A store in trouble tells nothing; the next commit will.
    const state = await this.#parts.state(accountId).catch(() => null);
    if (state === null) return;
    const lines = new Map<string, Uint8Array>();
    const line = (wanted: readonly PushType[]): Uint8Array => {
      const key = wanted.join();
      let found = lines.get(key);
      if (!found) lines.set(key, found = utf8Bytes(stateChange({ [accountId]: states(wanted, state) })));
      return found;
    };
    for (const listener of [...watched.listeners]) listener({ accountId, types, state, line });
  }
}

/** A StateChange (RFC 8620 section 7.1) as an event of text/event-stream. */
export function stateChange(changed: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  return `event: state\ndata: ${JSON.stringify({ "@type": "StateChange", changed })}\n\n`;
}

export function states(types: readonly PushType[], state: string): Record<string, string> {
  return Object.fromEntries(types.map((type) => [type, state]));
}
