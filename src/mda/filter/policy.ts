/** What a site decides about filters, and what of one message every account's filter needs. */
import type { BlobId, TraceId } from "../../contract/mod.ts";
import type { NamedScript, SieveCache, SieveLimits, SieveScript } from "../../sieve/mod.ts";

/** A field of a filter that looked at the message, and how its value is read (RFC 5235). */
export interface SpamField {
  /** Lower case. */
  readonly field: string;
  /** A number that is certainly spam; null: the field says `yes`, or nothing. */
  readonly max: number | null;
}

/** The same for viruses. */
export interface VirusField {
  readonly field: string;
  /** What its value may begin with, lower case, and what that means: 1 clean to 5 infected. */
  readonly values: ReadonlyMap<string, 1 | 2 | 3 | 4 | 5>;
}

/** A program or place that the site's owner named. */
export interface TargetFacts {
  /** Arguments that scripts may give it. */
  readonly arguments: number;
  /** Why it cannot be used now, as the end of a sentence, or null. */
  readonly off: string | null;
}

/** A filter in TypeScript (`Filter`). */
export interface TypedFilter {
  readonly name: string;
  readonly source: string;
  /** It is the server's own, and runs for everybody. */
  readonly shared: boolean;
}

/** A script that runs at delivery, in either language. */
export type PolicyScript = NamedScript | TypedFilter;

/** The filters of a site. */
export interface FilterPolicy {
  /** Our name: in Message-IDs and notices. */
  readonly hostname: string;
  readonly version: string;
  readonly scripts: SieveCache;
  readonly limits: SieveLimits;
  /** Run before every account's script, and behind it. */
  readonly before: readonly PolicyScript[];
  readonly after: readonly PolicyScript[];
  /** Run behind `before`, for accounts of a domain. */
  readonly domains: Pick<ReadonlyMap<string, readonly PolicyScript[]>, "get">;
  /** What scripts may include as `:global` (RFC 6609). */
  readonly globals: Pick<ReadonlyMap<string, SieveScript>, "get">;
  /** Accounts may have filters in TypeScript. */
  readonly typed: boolean;
  readonly spam: SpamField | null;
  readonly virus: VirusField | null;
  /** Where mail may go besides the store, by `canonicalTarget`; left out: nowhere. */
  readonly targets?: ReadonlyMap<string, TargetFacts>;
  /** Minutes east of Greenwich at this moment. */
  readonly zoneMinutes: (now: number) => number;
}

/** One message, for filters. */
export interface FilterRequest {
  readonly policy: FilterPolicy;
  readonly blobId: BlobId;
  readonly traceId: TraceId;
  /** Why nobody may be answered, as the end of a sentence: the sender may be somebody else's. Null: there is no reason. */
  readonly silent: string | null;
  /** Who brought it, or null. */
  readonly remoteAddress: string | null;
}
