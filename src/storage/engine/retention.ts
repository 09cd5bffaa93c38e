/** How much of the past a store keeps. What is older goes at `reclaim`. */

/** Tombstones of a mailbox: a client that was away for more removals than this is told of every UID that is gone. */
export const TOMBSTONES = 30_000;
/** Lines of the journal. */
export const JOURNAL_MS: number = 30 * 24 * 3600_000;
/** What is gone from an account: whoever was away for more than this has to look at all of it again. */
export const DESTROYED = 30_000;
