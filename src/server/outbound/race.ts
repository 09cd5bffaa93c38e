/**
 * Several addresses of one host: who connects first (RFC 8305, section 5). The next attempt begins when the one before it
 * has failed, or has said nothing for a quarter of a second; as soon as one connects the others are given up.
 *
 * Only connecting is raced. What a server says afterwards is the business of whoever speaks to it.
 */

/** What became of an address that was not connected to; `null`: it was not tried, or given up for the one that was. */
export interface Lost<H> {
  readonly host: H;
  readonly error: unknown;
}

export type RaceResult<H, T> =
  | { readonly kind: "won"; readonly host: H; readonly connection: T; readonly lost: readonly Lost<H>[] }
  /** All failed, or the signal came. */
  | { readonly kind: "lost"; readonly lost: readonly Lost<H>[] };

export interface RaceRules<H, T> {
  /** Rejects where it fails, and soon after the signal, where it then closes what it has. */
  readonly dial: (host: H, signal: AbortSignal) => Promise<T>;
  /** Resolves after so many milliseconds, or at the signal. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Ends a connection that came too late. */
  readonly close: (connection: T) => void;
}

/** RFC 8305 section 8: the recommended delay between attempts. */
export const ATTEMPT_DELAY_MS = 250;
/** Attempts in the air. A host with many dead addresses must not cost this machine a socket each. */
const MOST_AT_ONCE = 4;

/** Tries `hosts` in their order. Never rejects. */
export async function race<H, T>(
  hosts: readonly H[],
  stop: AbortSignal,
  { dial, pause, close }: RaceRules<H, T>,
): Promise<RaceResult<H, T>> {
  const over = new AbortController();
  const lost: Lost<H>[] = [];
  let won: { readonly host: H; readonly connection: T } | null = null;
  let running = 0;
  let changed = Promise.withResolvers<void>();
  const end = (): void => {
    over.abort();
    changed.resolve();
  };
  const run = async (host: H): Promise<void> => {
    running++;
    try {
      const connection = await dial(host, over.signal);
      if (over.signal.aborted) return close(connection);
      won = { host, connection };
      end();
    } catch (error) {
      if (!over.signal.aborted) lost.push({ host, error });
    } finally {
      running--;
      changed.resolve();
    }
  };
  /** Until an attempt ends, or the next is due. */
  const waited = async (impatient: boolean): Promise<void> => {
    const pausing = new AbortController();
    await (impatient ? Promise.race([changed.promise, pause(ATTEMPT_DELAY_MS, pausing.signal)]) : changed.promise);
    pausing.abort();
    changed = Promise.withResolvers();
  };
  stop.addEventListener("abort", end, { once: true });
  if (stop.aborted) end();
  for (let next = 0; !over.signal.aborted && (next < hosts.length || running > 0);) {
    const more = next < hosts.length && running < MOST_AT_ONCE;
    if (more) void run(hosts[next++]!);
    await waited(next < hosts.length && running < MOST_AT_ONCE);
  }
  stop.removeEventListener("abort", end);
  const winner = won as { readonly host: H; readonly connection: T } | null;
  return winner ? { kind: "won", ...winner, lost } : { kind: "lost", lost };
}
