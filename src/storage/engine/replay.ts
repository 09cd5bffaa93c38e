/**
 * How an operation that cannot wait runs over a store that must be waited for. It is run; where it asks what is not known
 * yet it is thrown out, what it waits for is got, and it is run again from its beginning. That needs nothing but that an
 * operation does the same when it reads the same, which all of them do: they have no clock, and chance only where nothing
 * is asked after it. How answers and writes are kept between two runs is a driver's business.
 */

/** Thrown through an operation that must wait. */
export abstract class Interruption {}

/** Thrown where an operation that was taken for one that only reads begins to write. */
export class WouldWrite {}

/** Runs an operation again and again until it needs no more answers. */
export async function toEnd<R>(
  run: () => R,
  resume: (waiting: Interruption) => Promise<void>,
): Promise<R> {
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      await resume(error);
    }
  }
}
