/** Where mail is exported to, whatever form it has there. */
import type { AclLine, FrameHead } from "../mod.ts";

/** A mailbox that is exported. */
export interface ExportedMailbox {
  readonly levels: readonly string[];
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly role: string | null;
  readonly subscribed: boolean;
  readonly acl: readonly AclLine[];
}

/** A message, without its octets. */
export type ExportedHead = FrameHead & {
  readonly uid: number;
  readonly internalDate: number;
  readonly flags: readonly string[];
};

/** A mailbox that is being written. Its messages come by UID, all of them through `wants` first. */
export interface TargetMailbox {
  readonly where: string;
  /** Whether the message is still to be written; one that is there gets its flags of now. */
  wants(head: ExportedHead): boolean | Promise<boolean>;
  /** `octets` with lines in CRLF. When it resolves, the message is there whole. */
  write(head: ExportedHead, octets: AsyncIterable<Uint8Array>): Promise<void>;
  /** All were written. Answers what could not be kept, for people. */
  finish(): Promise<readonly string[]>;
  /** The work ends before its end: what is there can be gone on with. */
  abandon(): Promise<void>;
}

/** A folder that takes mailboxes. */
export interface Target {
  /** `left`: why the mailbox stays as it is, or null where it was exported before this export was broken off. */
  open(mailbox: ExportedMailbox): Promise<TargetMailbox | { readonly left: string | null }>;
  /** All is done; with `isAll`, these are all mailboxes of the account. */
  finish(mailboxes: readonly ExportedMailbox[], isAll: boolean): Promise<void>;
}

/** Writes a stream to a file, whole. */
export async function writeOctets(file: Deno.FsFile, octets: Uint8Array): Promise<void> {
  for (let at = 0; at < octets.length;) at += await file.write(octets.subarray(at));
}
