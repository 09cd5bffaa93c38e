/** The DNS tree walk (RFC 9989 section 4.10): policy records from a name up to the root, at most eight questions. */
import type { Program } from "../../contract/mod.ts";
import type { RecordLookup } from "./lookup.ts";
import type { DmarcRecord } from "./record.ts";

/** A record and where it stands. */
export interface Found {
  readonly domain: string;
  readonly record: DmarcRecord;
}

/** What a walk found, longest name first. `failed` says why it ended early; what is above is unknown then. */
export interface Walk {
  readonly found: readonly Found[];
  readonly failed: string | null;
}

/** A name of more labels is cut to this many after its first question (RFC 9989 section 4.10 step 4). */
const LABELS = 7;

/** Walks from `domain` (A-labels) to the root, or to a record that says `psd=y` or `psd=n`. */
export function* treeWalk(domain: string, lookup: RecordLookup): Program<Walk> {
  const found: Found[] = [];
  let labels = domain.split(".");
  while (labels.length > 0) {
    const name = labels.join(".");
    const answer = yield* lookup.record(name);
    if (answer.kind === "tempfail") return { found, failed: answer.reason };
    if (answer.kind === "record") {
      found.push({ domain: name, record: answer.record });
      if (answer.record.psd !== "u") break;
    }
    labels = labels.length > LABELS ? labels.slice(-LABELS) : labels.slice(1);
  }
  return { found, failed: null };
}

/** The organizational domain by a walk that was completed (RFC 9989 section 4.10.2). */
export function organizationOfWalk(domain: string, found: readonly Found[]): string {
  for (const { domain: name, record } of found) {
    if (record.psd === "n") return name;
    // One label below the public suffix; a suffix that is itself the author is its own organization.
    if (record.psd === "y" && name !== domain) {
      return domain.split(".").slice(-(name.split(".").length + 1)).join(".");
    }
  }
  return found.at(-1)?.domain ?? domain;
}

/** The record that holds the policy of an organizational domain: its own, else that of the public suffix above it. */
export function recordOfOrganization(organization: string, found: readonly Found[]): Found | null {
  const own = found.find(({ domain }) => domain === organization);
  if (own) return own;
  const last = found.at(-1);
  return last?.record.psd === "y" ? last : null;
}
