/** The sessions that are open, by where they come from, so that a ban ends them and does not only shut the door. */
import { home } from "../../abuse/exempt.ts";
import type { Input } from "../../contract/mod.ts";
import type { Clock } from "../clock.ts";

/** A session under way. */
export interface OpenSession {
  /** Told to say goodbye. */
  post(input: Input): void;
  /** The connection is closed, whatever waits. */
  cut(): void;
}

/** How long a session may take for its goodbye: a question may be out, or a peer does not read. */
const GOODBYE_MS = 2_000;

export class OpenSessions {
  readonly #clock: Clock;
  readonly #byHome = new Map<string, Map<OpenSession, string>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer takes it out again. */
  add(address: string, session: OpenSession): () => void {
    const key = home(address);
    const there = this.#byHome.get(key) ?? new Map<OpenSession, string>();
    this.#byHome.set(key, there.set(session, address));
    return () => {
      there.delete(session);
      if (there.size === 0 && this.#byHome.get(key) === there) this.#byHome.delete(key);
    };
  }

  /** Ends all sessions from `network`, null: from anywhere, whose address is banned. Says how many. */
  end(network: string | null, isBanned: (address: string) => boolean): number {
    const ended: [Map<OpenSession, string>, OpenSession][] = [];
    const homes = network === null ? this.#byHome.values() : [this.#byHome.get(network) ?? new Map()];
    for (const there of homes) {
      for (const [session, address] of there) if (isBanned(address)) ended.push([there, session]);
    }
    if (ended.length === 0) return 0;
    for (const [, session] of ended) session.post({ type: "shutdown", why: "banned" });
    void this.#clock.sleep(GOODBYE_MS).then(() => {
      for (const [there, session] of ended) if (there.has(session)) session.cut();
    });
    return ended.length;
  }
}
