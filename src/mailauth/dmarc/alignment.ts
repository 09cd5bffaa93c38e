/** Whether a name that SPF or DKIM proved belongs to the author's domain (RFC 9989 sections 3.2.10 and 4.10.2). */
import type { Program } from "../../contract/mod.ts";
import { canonical } from "./author.ts";
import { type Discovery, organizationOf } from "./discovery.ts";
import type { RecordLookup } from "./lookup.ts";
import type { DkimFact, OrganizationMethod, SpfFact } from "./model.ts";
import type { DmarcRecord } from "./record.ts";

/** What aligns. `unknown` says why it is not known whether more does. */
export interface Alignment {
  readonly spf: boolean;
  readonly dkim: readonly DkimFact[];
  readonly unknown: string | null;
}

/** Names that may have a walk of their own for one message (RFC 9989 section 4.10.2 bounds a walk, not their number). */
const WALKS_LIMIT = 10;

/** Compares what passed with the author's domain. SPF comes first: many signatures must not use up its walk. */
export function* align(
  author: string,
  found: Discovery,
  record: DmarcRecord,
  facts: { readonly spf: SpfFact | null; readonly dkim: readonly DkimFact[] },
  method: OrganizationMethod,
  lookup: RecordLookup,
): Program<Alignment> {
  const comparison = new Comparison(author, found, method, lookup);
  const spf = facts.spf?.result === "pass" && (yield* comparison.aligns(facts.spf.domain, record.aspf === "s"));
  const dkim: DkimFact[] = [];
  for (const fact of facts.dkim) {
    if (fact.result === "pass" && (yield* comparison.aligns(fact.domain, record.adkim === "s"))) dkim.push(fact);
  }
  return { spf, dkim, unknown: comparison.unknown };
}

class Comparison {
  readonly #author: string;
  readonly #found: Discovery;
  readonly #method: OrganizationMethod;
  readonly #lookup: RecordLookup;
  readonly #organizations = new Map<string, string | null>();
  unknown: string | null = null;

  constructor(author: string, found: Discovery, method: OrganizationMethod, lookup: RecordLookup) {
    this.#author = author;
    this.#found = found;
    this.#method = method;
    this.#lookup = lookup;
  }

  *aligns(domain: string, strict: boolean): Program<boolean> {
    const name = canonical(domain);
    if (name === null) return false;
    if (strict || name === this.#author) return name === this.#author;
    const organization = this.#found.organization;
    if (organization === null) {
      // The author's own organization is unknown; names without any label in common can have no common one.
      if (lastLabel(name) === lastLabel(this.#author)) this.unknown ??= this.#found.failed;
      return false;
    }
    // An organizational domain is a name or a parent of it, so only names below the author's need a walk.
    if (name !== organization && !name.endsWith(`.${organization}`)) return false;
    return (yield* this.#organization(name)) === organization;
  }

  *#organization(name: string): Program<string | null> {
    const known = this.#organizations.get(name);
    if (known !== undefined) return known;
    if (this.#organizations.size >= WALKS_LIMIT) {
      this.unknown ??= "too many names to compare";
      return null;
    }
    const organization = yield* organizationOf(name, this.#method, this.#lookup);
    this.#organizations.set(name, organization);
    if (organization === null) this.unknown ??= `the domain above ${name} could not be found`;
    return organization;
  }
}

function lastLabel(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
