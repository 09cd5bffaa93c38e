/** What can be imported, whatever it is kept in: mailboxes, and messages as streams of octets. */
import type { AclLine } from "../mod.ts";

/** A message of a file or folder. */
export interface SourceMessage {
  /** The file, and where in it: for people. */
  readonly where: string;
  /** Octets. */
  readonly size: number;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly uid: number | null;
  /** The same for the same message, each time it is read. */
  readonly key: string;
  /** What it is called there. */
  readonly name: string;
  /** Octets that it keeps in memory. */
  readonly kept: number;
  /** Reads it; may be called again. Throws `SourceBroken` where it cannot be read, or is not of that size. */
  open(): AsyncIterable<Uint8Array>;
}

/** Something that is left out, or that a person should know. */
export interface SourceProblem {
  readonly where: string;
  readonly problem: string;
  /** A message was left out because of it. */
  readonly lost: boolean;
}

/** A mailbox of a folder. */
export interface SourceMailbox {
  /** Its name, level by level. */
  readonly levels: readonly string[];
  readonly where: string;
  readonly uidValidity: number | null;
  readonly uidNext: number | null;
  readonly role: string | null;
  readonly subscribed: boolean;
  readonly acl: readonly AclLine[];
  /** About how many messages there are; null: nobody knows before. */
  readonly count: number | null;
  messages(): AsyncIterable<SourceMessage | SourceProblem>;
}

/** All that an import reads. */
export interface Source {
  readonly mailboxes: readonly SourceMailbox[];
  readonly problems: readonly SourceProblem[];
}

/** A message could not be read; the others can. */
export class SourceBroken extends Error {
  override readonly name = "SourceBroken";
  readonly where: string;

  constructor(where: string, message: string) {
    super(message);
    this.where = where;
  }
}

/** Why a file could not be read, for people. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it is not there any more";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "it may not be read; run this as a user who may";
  }
  return error instanceof Error ? error.message : String(error);
}
