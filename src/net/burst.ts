/**
 * Fairness between connections. The runtime goes on with a socket as long as there is something to read or it takes
 * what is written, and with immediates as long as there are any, and looks at no other socket meanwhile: a fast peer
 * would keep everybody else waiting, for as long as its message or its mailbox lasts. Only a timer that is not due at
 * once makes it look around. So whoever moves much stops for one from time to time.
 */

/** Octets that are read of one connection before the others have their turn: a millisecond or two of work. */
export const BURST_SIZE = 262_144;
/** Octets that are written to one connection before it is asked whether others wait. */
export const SENT_SIZE = 65_536;
/** How long a session may go on sending while nothing is heard of any other. */
const SLICE_MS = 8;

let heardAt = 0;

/** Something came in, so the runtime does look around. */
export function heard(): void {
  heardAt = performance.now();
}

/** Whether nothing has come in for so long that others may be waiting to be heard. */
export function othersMayWait(): boolean {
  return performance.now() - heardAt > SLICE_MS;
}

/** Calls back when the others had their turn. */
export function afterOthers(then: () => void): void {
  setTimeout(() => {
    heard();
    then();
  }, 1);
}
