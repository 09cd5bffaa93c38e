import { type Address, domainToAscii, formatAddress, parseAddress } from "../base/address.ts";
import { equalsIgnoreCase, lowerAscii } from "../base/ascii.ts";
import { type AccountId, ask, type Destination, type Program, type Quota, type Usage } from "../contract/mod.ts";
import { takeBack } from "./forward.ts";

/** Where a recipient leads. */
export type Route =
  | {
    readonly kind: "account";
    /** The address that led to the account, canonical, with its detail: what Delivered-To names. */
    readonly address: string;
    readonly accountId: AccountId;
    /** The account's own address: another one where an alias, a catch-all or a detail led to it. */
    readonly account: string;
    /** `detail` of `user+detail`, or null. */
    readonly detail: string | null;
    readonly quota: Quota;
    readonly usage: Usage;
  }
  | {
    readonly kind: "remote";
    /** As it was written, for the far end's RCPT: only its owner may change a local part (RFC 5321 section 2.3.11). */
    readonly address: string;
    /** Decides the next hop: lower case, A-labels, or an address literal. */
    readonly domain: string;
    /** The last alias of ours on the way, or null: the recipient itself is remote. */
    readonly alias: string | null;
  }
  | {
    /** Nobody's: reports that come there are read, and nothing is kept (`mta/report_mail.ts`). */
    readonly kind: "reports";
    readonly address: string;
  };

/** Why an address leads nowhere. */
export type RouteProblem = {
  readonly kind:
    | "unknown"
    | "disabled"
    | "loop"
    | "tooMany"
    | "invalid"
    | "noPostmaster"
    // A rewritten sender (SRS) that was not made here, is too old, or is written to by other than a report.
    | "notOurs"
    | "expired"
    | "notReport";
  readonly address: string;
};

/** All that one recipient leads to. Where there is at least one route, the problems are dead targets of an alias. */
export interface Routing {
  readonly routes: readonly Route[];
  readonly problems: readonly RouteProblem[];
}

export interface RouteOptions {
  /** Our own name: `postmaster` lives here where no domain is served yet. */
  readonly hostname: string;
  /** Address literals of this address are ours (RFC 5321 section 4.1.3), or null. */
  readonly localAddress: string | null;
  /** Who writes: only the null sender reaches those whose mail was forwarded. Left out: not the null sender. */
  readonly reversePath?: string;
  /** Whether a local part that belongs to nobody takes reports. Left out: none does. */
  readonly takesReports?: (local: string) => boolean;
}

const DEEPEST_ALIAS = 20;
const MOST_TARGETS = 1_000;

interface Step {
  readonly address: string;
  readonly depth: number;
  readonly alias: string | null;
}

/**
 * Resolves an envelope recipient into accounts and remote addresses. Aliases are expanded breadth first, each address
 * once; a target that was seen before leads nowhere new, so a loop ends by itself.
 */
export function* routeRecipient(forwardPath: string, options: RouteOptions): Program<Routing> {
  const first = yield* canonicalRecipient(forwardPath, options);
  if (typeof first !== "string") return { routes: [], problems: [first] };
  const routes: Route[] = [];
  const problems: RouteProblem[] = [];
  const steps: Step[] = [{ address: first, depth: 0, alias: null }];
  const seen = new Set<string>([seenKey(first)]);
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    const parsed = parseAddress(step.address);
    const domain = parsed ? domainToAscii(parsed.domain) : null;
    if (!parsed || domain === null) {
      problems.push({ kind: "invalid", address: step.address });
      continue;
    }
    const local = formatAddress({ local: parsed.local, domain });
    const found = yield* ask("address.resolve", { address: local });
    const back = found.kind === "remote" ? null : yield* takeBack(parsed.local, options.reversePath);
    if (back !== null && "refused" in back) {
      problems.push({ kind: back.refused, address: local });
      continue;
    }
    // A rewritten sender leads on as an alias does, whoever takes mail for unknown names of the domain.
    const leads = back ? { address: local, targets: [back.address] } : found.kind === "alias" ? found : null;
    if (leads) {
      if (step.depth >= DEEPEST_ALIAS) problems.push({ kind: "loop", address: step.address });
      else if (!follow(leads, step, steps, seen, problems)) return { routes: [], problems };
    } else if (found.kind === "unknown" && options.takesReports?.(lowerAscii(parsed.local))) {
      routes.push({ kind: "reports", address: local });
    } else settle(found, { parsed, domain, local, alias: step.alias }, routes, problems);
  }
  // Every target was seen before and none leads anywhere: the aliases go in a circle.
  if (routes.length === 0 && problems.length === 0) problems.push({ kind: "loop", address: first });
  return { routes, problems };
}

/** Puts an alias's targets behind what is still to be resolved. False: there are too many. */
function follow(
  found: Pick<Extract<Destination, { kind: "alias" }>, "address" | "targets">,
  step: Step,
  steps: Step[],
  seen: Set<string>,
  problems: RouteProblem[],
): boolean {
  for (const target of found.targets) {
    const key = seenKey(target);
    if (seen.has(key)) continue;
    if (seen.size >= MOST_TARGETS) {
      problems.length = 0;
      problems.push({ kind: "tooMany", address: found.address });
      return false;
    }
    seen.add(key);
    steps.push({ address: target, depth: step.depth + 1, alias: found.address });
  }
  return true;
}

interface Settling {
  readonly parsed: Address;
  readonly domain: string;
  /** Canonical form, as the directory knows it. */
  readonly local: string;
  readonly alias: string | null;
}

function settle(found: Destination, at: Settling, routes: Route[], problems: RouteProblem[]): void {
  switch (found.kind) {
    case "account":
      if (found.disabled) problems.push({ kind: "disabled", address: at.local });
      else if (!routes.some((known) => sameAccount(known, found))) {
        const { accountId, address, detail, quota, usage } = found;
        routes.push({ kind: "account", address: at.local, accountId, account: address, detail, quota, usage });
      }
      break;
    case "remote":
      routes.push({ kind: "remote", address: formatAddress(at.parsed), domain: at.domain, alias: at.alias });
      break;
    case "unknown":
      problems.push({ kind: "unknown", address: at.local });
      break;
    case "alias":
      break;
  }
}

function sameAccount(known: Route, found: Extract<Destination, { kind: "account" }>): boolean {
  return known.kind === "account" && known.accountId === found.accountId && known.detail === found.detail;
}

/** Two spellings of an address that can only mean the same: domain and local part without case, as our own accounts. */
function seenKey(address: string): string {
  return lowerAscii(address);
}

/** The recipient with a domain: what `postmaster` and our own address literals stand for. */
function* canonicalRecipient(forwardPath: string, options: RouteOptions): Program<string | RouteProblem> {
  // RFC 5321 section 4.1.1.3 and 4.5.1: "postmaster" needs no domain and is always there.
  if (equalsIgnoreCase(forwardPath, "postmaster")) return yield* postmaster("postmaster", options);
  const parsed = parseAddress(forwardPath);
  if (!parsed) return { kind: "invalid", address: forwardPath };
  if (!isOwnLiteral(parsed.domain, options.localAddress)) return formatAddress(parsed);
  return yield* postmaster(parsed.local, options);
}

const DOMAINS_TRIED = 50;

/** `local` at the first domain of ours where it leads somewhere. */
function* postmaster(local: string, options: RouteOptions): Program<string | RouteProblem> {
  const domains = yield* ask("domain.list", {});
  const names = [...domains.slice(0, DOMAINS_TRIED).map((domain) => domain.name), options.hostname];
  for (const domain of names) {
    const address = formatAddress({ local: lowerAscii(local), domain });
    const found = yield* ask("address.resolve", { address });
    if (found.kind === "account" || found.kind === "alias") return address;
  }
  const kind = equalsIgnoreCase(local, "postmaster") ? "noPostmaster" : "unknown";
  return { kind, address: local };
}

function isOwnLiteral(domain: string, localAddress: string | null): boolean {
  if (localAddress === null || !domain.startsWith("[")) return false;
  const inner = domain.slice(1, -1);
  return inner === localAddress || (inner.startsWith("ipv6:") && inner.slice(5) === localAddress);
}
