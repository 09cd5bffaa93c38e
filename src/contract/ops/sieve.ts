import type { AccountId, Modseq } from "../ids.ts";
import type { DirectoryRefused } from "./directory.ts";

/** What an account may keep: so many scripts, of so many octets each. */
export const SIEVE_STORE_LIMITS = { scripts: 100, octets: 1 << 20 } as const;

/** A Sieve script in an account's store, without its text. */
export interface StoredSieve {
  /** Of 1 to 512 octets in UTF-8, without control characters (RFC 5804 section 1.6). */
  readonly name: string;
  /** Of its text in UTF-8. */
  readonly octets: number;
  /** At most one of an account is. */
  readonly active: boolean;
}

/** A script as JMAP has it (RFC 9661 section 2). */
export interface SieveObject {
  readonly objectId: string;
  readonly name: string;
  readonly active: boolean;
  /** Another for another text. */
  readonly tag: string;
}

/**
 * What a script must be for a change to be done (`changed` where it is not), so that two who edit it do not undo each
 * other's work: one of these texts by its `textTag`, or there at all, or not there.
 */
export type SieveExpected = { readonly tags: readonly string[] } | "there" | "notThere";

/** Questions about the scripts of an account, which is named by its address. Whether a script can run is not asked here. */
export interface SieveOps {
  /** Sorted by name. */
  "sieve.list": { args: { address: string }; answer: readonly StoredSieve[] | DirectoryRefused };
  /** With `name` null the active one; `notFound` where there is none. */
  "sieve.get": {
    args: { address: string; name: string | null };
    answer: (StoredSieve & { readonly content: string }) | DirectoryRefused;
  };
  /** Makes or replaces; a script that is replaced stays active. `inUse`: there are too many. */
  "sieve.put": {
    args: { address: string; name: string; content: string; expected?: SieveExpected };
    answer: StoredSieve | DirectoryRefused;
  };
  /** Makes it the only active one; with null none is. */
  "sieve.activate": { args: { address: string; name: string | null }; answer: { changed: true } | DirectoryRefused };
  /** The active one stays so. `exists`: the new name is taken. */
  "sieve.rename": {
    args: { address: string; name: string; newName: string };
    answer: StoredSieve | DirectoryRefused;
  };
  /** `inUse`: it is active (RFC 5804 section 2.10). */
  "sieve.remove": {
    args: { address: string; name: string; expected?: SieveExpected };
    answer: { removed: true } | DirectoryRefused;
  };
  /** With ids that stay when names change, and a tag that is another for another text; oldest first. */
  "sieve.objects": {
    args: { accountId: AccountId };
    answer: { state: Modseq; scripts: readonly SieveObject[] };
  };
}

/** Questions about texts that are to be scripts. */
export interface SieveCheckOps {
  /** What is wrong with it; empty where it can run. The name says in which language it is. */
  "sieve.check": {
    args: { name: string; content: string };
    answer: readonly { readonly line: number; readonly column: number; readonly reason: string }[];
  };
}
