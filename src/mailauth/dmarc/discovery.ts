/**
 * Which policy record applies to an author's domain, and what its organizational domain is.
 *
 * - `treewalk` (RFC 9989 section 4.10), the default. The public suffix list is its fallback in one case: a walk that met
 *   no `psd` tag and ended at a name that the list calls a public suffix. A registry published a record and forgot
 *   `psd=y`; taken at its word, all its customers would be one organization. The record applies, but for alignment the
 *   organizational domain is the one of the list.
 * - `psl` (RFC 7489 sections 3.2 and 6.6.3): the domain's own record, else that of its organizational domain by the list.
 */
import type { Program } from "../../contract/mod.ts";
import type { RecordLookup } from "./lookup.ts";
import type { OrganizationMethod } from "./model.ts";
import { isPublicSuffix, organizationOfList } from "./public_suffix.ts";
import { type Found, organizationOfWalk, recordOfOrganization, treeWalk } from "./tree_walk.ts";

/** What was found for an author's domain. */
export interface Discovery {
  readonly applies: Found | null;
  /** Null where the walk failed above the record that applies. */
  readonly organization: string | null;
  /** Why something is unknown; with `applies` null the policy itself is. */
  readonly failed: string | null;
}

/** `domain` in A-labels, or an address literal, which can have no record. */
export function* discoverPolicy(
  domain: string,
  method: OrganizationMethod,
  lookup: RecordLookup,
): Program<Discovery> {
  if (domain.startsWith("[")) return { applies: null, organization: domain, failed: null };
  return method === "psl" ? yield* discoverByList(domain, lookup) : yield* discoverByWalk(domain, lookup);
}

/** The organizational domain of a name that SPF or DKIM found; null where it is not known now. */
export function* organizationOf(
  domain: string,
  method: OrganizationMethod,
  lookup: RecordLookup,
): Program<string | null> {
  if (method === "psl") return organizationOfList(domain);
  const { found, failed } = yield* treeWalk(domain, lookup);
  return failed === null ? guarded(domain, found) : null;
}

function* discoverByWalk(domain: string, lookup: RecordLookup): Program<Discovery> {
  const { found, failed } = yield* treeWalk(domain, lookup);
  // RFC 9989 section 4.10.1: the author's own record applies, whatever is above it.
  const own = found[0]?.domain === domain ? found[0] : null;
  if (failed !== null) return { applies: own, organization: null, failed };
  const applies = own ?? recordOfOrganization(organizationOfWalk(domain, found), found);
  return { applies, organization: guarded(domain, found), failed: null };
}

function guarded(domain: string, found: readonly Found[]): string {
  const organization = organizationOfWalk(domain, found);
  const tagged = found.some(({ record }) => record.psd !== "u");
  return !tagged && isPublicSuffix(organization) ? organizationOfList(domain) : organization;
}

function* discoverByList(domain: string, lookup: RecordLookup): Program<Discovery> {
  const organization = organizationOfList(domain);
  for (const name of new Set([domain, organization])) {
    const answer = yield* lookup.record(name);
    if (answer.kind === "tempfail") return { applies: null, organization, failed: answer.reason };
    if (answer.kind === "record") {
      return { applies: { domain: name, record: answer.record }, organization, failed: null };
    }
  }
  return { applies: null, organization, failed: null };
}
