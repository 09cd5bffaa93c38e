/** From a domain-spec to the name that is asked for (RFC 7208 sections 4.8 and 7.3). */
import { isAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/mod.ts";
import type { IpAddress } from "./ip_address.ts";
import { countTerm, type Halt, VOID_LIMIT, type Work } from "./lookups.ts";
import { expandName, type MacroValues } from "./macro.ts";
import { type MacroString, usesMacro } from "./macro_syntax.ts";
import { isWithinDomain, spfName, truncatedName } from "./name.ts";
import { leadsBack, pointerNames } from "./reverse.ts";
import { tooManyVoids } from "./words.ts";

/** One check: what stays the same through all records, and what it has cost. */
export interface Check {
  readonly address: IpAddress;
  /** `local@domain`, the domain in A-labels. */
  readonly sender: string;
  readonly helo: string;
  readonly receiver: string;
  readonly work: Work;
  /** Becomes true when a term asks for the local part. */
  usesLocalPart: boolean;
}

/** A name; or why there is none: `malformed`, or `unmatchable` whatever the DNS holds; or the end of the check. */
export type Target =
  | { readonly name: string }
  | { readonly none: "malformed" | "unmatchable" }
  | Halt;

/** The target-name of a term in the record of `domain`; a term without a domain-spec means that domain. */
export function* targetOf(check: Check, spec: MacroString | null, domain: string): Program<Target> {
  if (spec === null) return { name: domain };
  if (usesMacro(spec, "sl")) {
    check.usesLocalPart = true;
    // RFC 8616 section 4: a local part in UTF-8 has no form in the DNS, and terms that need one never match.
    if (!isAscii(localPart(check.sender))) return { none: "unmatchable" };
  }
  let validated = "unknown";
  if (usesMacro(spec, "p")) {
    const found = yield* countedName(check, domain);
    if (typeof found !== "string") return found;
    validated = found;
  }
  const name = spfName(truncatedName(expandName(spec, macroValues(check, domain, validated, 0))));
  return name === null ? { none: "malformed" } : { name };
}

export function macroValues(check: Check, domain: string, validated: string, now: number): MacroValues {
  const { sender, address, helo, receiver } = check;
  return { sender, address, helo, receiver, domain, validated, now };
}

/** `%{p}` within a term: it counts as a lookup of its own (RFC 7208 section 4.6.4). */
function* countedName(check: Check, domain: string): Program<string | Halt> {
  const halt = countTerm(check.work);
  if (halt) return halt;
  const found = yield* validatedName(check, domain);
  if (found.void && ++check.work.voids > VOID_LIMIT) return { halt: "permerror", why: tooManyVoids(VOID_LIMIT) };
  return found.name;
}

/** RFC 7208 section 7.3, `p`: the domain itself, else a name below it, else any; `unknown` where none leads back. */
export function* validatedName(check: Check, domain: string): Program<{ name: string; void: boolean }> {
  const { kind, names } = yield* pointerNames(check.work, check.address);
  const rank = (name: string) => name === domain ? 0 : isWithinDomain(name, domain) ? 1 : 2;
  for (const name of [...names].sort((a, b) => rank(a) - rank(b))) {
    if ((yield* leadsBack(check.work, name, check.address)) === "yes") return { name, void: false };
  }
  return { name: "unknown", void: kind === "void" };
}

export function localPart(sender: string): string {
  return sender.slice(0, sender.lastIndexOf("@"));
}
