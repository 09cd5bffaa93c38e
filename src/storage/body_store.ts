/** Where octets of large bodies are: the seam between a driver that works without a disk and what keeps them for it. */

/** A store of bodies by names that it makes. Its failures are `StorageError`s. */
export interface BodyStore {
  /** Begins a body. Durable before a transaction that names it is. */
  create(): BodyUpload;
  /** Octets `[start, start + length)`, at most 256 KiB; fewer where the body ends. */
  read(place: string, start: number, length: number): Promise<Uint8Array>;
  /** Takes bodies away that nothing names any more. What fails here is swept later. */
  remove(places: readonly string[]): Promise<void>;
  /** Takes bodies away that were begun long ago and that nothing names. Bounded work. */
  sweep(): Promise<void>;
  /** Octets of those bodies that are there whole; what is missing is not in the answer. */
  sizes(places: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Whether a body is not where the driver keeps its own. */
  isElsewhere(place: string): boolean;
  /** Lets connections go. */
  close?(): void;
}

/** A body on its way. */
export interface BodyUpload {
  /** Octets are borrowed until the promise resolves. */
  write(octets: Uint8Array): Promise<void>;
  /** Its name. */
  finish(): Promise<string>;
  /** Throws away what is there of it, also while `write` or `finish` is under way. */
  abort(): Promise<void>;
}

/** What a driver tells of itself to a store of bodies outside of it. */
export interface BodySurroundings {
  /** The driver's own bodies: for what is too small to go out, and what is there already. */
  readonly own: BodyStore;
  /** The same for all nodes that work on the same mail, and for nobody else. */
  readonly identity: string;
  /** Those of these bodies that something names. */
  named(places: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Opens a store of bodies for a driver. Rejects with `StorageError`, which says what to do. */
export type OpenBodies = (around: BodySurroundings) => Promise<BodyStore>;
