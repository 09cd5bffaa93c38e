/** Where mail for a domain goes next (RFC 5321 section 5.1). */
import { lowerAscii } from "../../base/ascii.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import { ask, type DnsAnswer, type Program } from "../../contract/mod.ts";
import { ownPermanent, ownTemporary, type RecipientResult } from "../../smtp/client/mod.ts";
import { ipAddress, isPrivateAddress, literalAddress } from "./addresses.ts";

/** A configured next hop: what routing reads of it. */
export interface Relay {
  /** A name or an IP address. */
  readonly host: string;
  readonly port: number;
}

export interface NextHopRequest<R extends Relay> {
  /** Lower case, A-labels, or an address literal. */
  readonly domain: string;
  /** Decides the order among hosts of equal preference. */
  readonly traceId: string;
  /** Port of MX hosts. */
  readonly port: number;
  /** The host that a person chose for this mail (`way.ts`): goes before everything; null: nobody did. */
  readonly chosen: Relay | null;
  readonly routes: ReadonlyMap<string, R>;
  readonly relay: R | null;
  /** `address:port` of our own listeners, IPv6 without brackets. */
  readonly ownEndpoints: ReadonlySet<string>;
  /** An exchange of this name is us, whatever its address (a translated one is not ours to see). Null: only addresses count. */
  readonly ownName: string | null;
  /** Whether an exchange may have an address that is not of the public Internet. */
  readonly privateExchanges: boolean;
}

/** One address to try. */
export interface Host<R extends Relay> {
  /** For TLS and for people: the name, or the address where there is no name. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** The configured hop that led here; null: MX. */
  readonly relay: R | null;
}

export type NextHop<R extends Relay> =
  | {
    readonly kind: "hosts";
    /** In the order to try, at least one. */
    readonly hosts: readonly Host<R>[];
    /** Every name on the way was validated by DNSSEC, or an operator named the host. */
    readonly authenticated: boolean;
  }
  | { readonly kind: "none"; readonly result: RecipientResult };

const MOST_EXCHANGES = 10;
const MOST_ADDRESSES = 16;

/** Finds the hosts for a domain: what a person chose, else its own route, else the relay, else its mail exchangers. */
export function* nextHop<R extends Relay>(request: NextHopRequest<R>): Program<NextHop<R>> {
  if (request.chosen) return yield* viaNamed<R>(request.chosen, null, request);
  const relay = request.routes.get(request.domain) ?? request.relay;
  if (relay) return yield* viaNamed(relay, relay, request);
  const literal = request.domain.startsWith("[") ? literalAddress(request.domain) : undefined;
  if (literal !== undefined) return viaLiteral(literal, request);
  return yield* viaExchanges(request);
}

/** An operator's word: whatever is wrong with it is temporary until it has been mended. */
function* viaNamed<R extends Relay>(named: Relay, relay: R | null, request: NextHopRequest<R>): Program<NextHop<R>> {
  const { ownEndpoints, ownName, port } = request;
  if (lowerAscii(named.host) === ownName && named.port === port) return none(loopBy(named));
  const address = ipAddress(named.host);
  const found = address ? { addresses: [address], failed: false } : yield* addressesOf(named.host);
  if (found.addresses.length === 0) {
    const why = found.failed ? "cannot be looked up now" : "has no address";
    return none(ownTemporary("4.4.3", `The host ${named.host}, which mail goes through, ${why}`));
  }
  if (found.addresses.some((one) => ownEndpoints.has(`${one}:${named.port}`))) return none(loopBy(named));
  const hosts = found.addresses.slice(0, MOST_ADDRESSES)
    .map((address) => ({ name: named.host, address, port: named.port, relay }));
  return { kind: "hosts", hosts, authenticated: true };
}

/** What comes back to us would go there again, until its hops are counted out. Not for good: a person may mend it. */
function loopBy({ host, port }: Relay): RecipientResult {
  return ownTemporary(
    "4.4.6",
    `Mail is sent by way of ${host}, port ${port}, which is this server itself: a mail loop`,
  );
}

function viaLiteral<R extends Relay>(address: string | null, request: NextHopRequest<R>): NextHop<R> {
  if (address === null) return none(ownPermanent("5.1.2", "The address literal is not one", 550));
  if (request.ownEndpoints.has(`${address}:${request.port}`)) return none(LOOP);
  // Whoever writes the recipient would choose a host inside of our own network.
  if (isPrivateAddress(address)) return none(ownPermanent("5.1.2", `No mail is sent to the address ${address}`, 550));
  const hosts = [{ name: address, address, port: request.port, relay: null }];
  return { kind: "hosts", hosts, authenticated: true };
}

interface Exchange {
  readonly preference: number;
  readonly exchange: string;
}

const LOOP = ownPermanent("5.4.6", "Mail for this domain is sent to this server, which does not serve it: a mail loop");

function* viaExchanges<R extends Relay>(request: NextHopRequest<R>): Program<NextHop<R>> {
  const { domain } = request;
  const answer = yield* ask("dns.resolve", { name: domain, type: "MX" });
  if (answer.kind === "tempfail") {
    return none(ownTemporary("4.4.3", `The mail exchangers of ${domain} cannot be looked up now`));
  }
  if (answer.kind === "nxdomain") return none(ownPermanent("5.1.2", `The domain ${domain} does not exist`, 550));
  const exchanges = exchangesOf(answer, domain);
  // RFC 7505 section 3: a null MX says that the domain takes no mail.
  if (exchanges === "null") return none(ownPermanent("5.1.10", `The domain ${domain} takes no mail`, 556));
  return yield* hostsOf(inOrder(exchanges, request.traceId), answer.authenticated, request);
}

function exchangesOf(answer: Exclude<DnsAnswer, { kind: "tempfail" }>, domain: string): readonly Exchange[] | "null" {
  // RFC 5321 section 5.1: without any MX the domain itself is the host, with preference 0.
  if (answer.kind !== "ok") return [{ preference: 0, exchange: domain }];
  const all = answer.records.filter((record) => record.type === "MX")
    .map(({ preference, exchange }) => ({ preference, exchange: withoutDot(exchange) }));
  if (all.length === 0) return [{ preference: 0, exchange: domain }];
  const named = all.filter(({ exchange }) => exchange !== "");
  return named.length === 0 ? "null" : named;
}

/** Lower case without the final dot; the root is empty. */
function withoutDot(name: string): string {
  return lowerAscii(name.endsWith(".") ? name.slice(0, -1) : name);
}

/** By preference; equal ones in an order that differs by message (RFC 5321 section 5.1: the load is spread). */
function inOrder(exchanges: readonly Exchange[], traceId: string): readonly Exchange[] {
  const lot = (exchange: string) => digest("sha256", utf8Bytes(`${traceId} ${exchange}`)).toHex();
  return exchanges.map((one) => ({ ...one, lot: lot(one.exchange) }))
    .sort((a, b) => a.preference - b.preference || (a.lot < b.lot ? -1 : a.lot > b.lot ? 1 : 0))
    .slice(0, MOST_EXCHANGES);
}

function* hostsOf<R extends Relay>(
  exchanges: readonly Exchange[],
  signed: boolean,
  request: NextHopRequest<R>,
): Program<NextHop<R>> {
  const { port, domain } = request;
  const found: (Host<R> & Exchange)[] = [];
  let failed = false;
  let ownPreference = Infinity;
  let inside: string | null = null;
  let authenticated = signed;
  for (const { preference, exchange } of exchanges) {
    // Sorted: from our own preference on nothing counts any more, but equals before us in the lot have to go.
    if (preference > ownPreference || found.length >= MOST_ADDRESSES) break;
    const looked = yield* addressesOf(exchange);
    failed ||= looked.failed;
    authenticated &&= looked.authenticated;
    const own = exchange === request.ownName ||
      looked.addresses.some((address) => request.ownEndpoints.has(`${address}:${port}`));
    // RFC 5321 section 5.1: what is not better than ourselves would send the mail back to us.
    if (own) ownPreference = preference;
    else {
      for (const address of looked.addresses) {
        // Whoever publishes the exchange would choose a host inside of our own network.
        if (!request.privateExchanges && isPrivateAddress(address)) inside = `${exchange} (${address})`;
        else found.push({ name: exchange, address, port, relay: null, preference, exchange });
      }
    }
  }
  const hosts = found.filter(({ preference }) => preference < ownPreference).slice(0, MOST_ADDRESSES)
    .map(({ name, address, port, relay }) => ({ name, address, port, relay }));
  if (hosts.length > 0) return { kind: "hosts", hosts, authenticated };
  if (failed) return none(ownTemporary("4.4.3", `The mail exchangers of ${domain} cannot be looked up now`));
  if (ownPreference < Infinity) return none(LOOP);
  if (inside !== null) {
    const text = `The mail exchanger of ${domain}, ${inside}, is not on the public Internet: no mail is sent there`;
    return none(ownPermanent("5.4.4", text, 550));
  }
  return none(ownPermanent("5.4.4", `The domain ${domain} has no host that takes mail`, 550));
}

interface Looked {
  readonly addresses: readonly string[];
  /** A lookup failed for now: there may be more. */
  readonly failed: boolean;
  readonly authenticated: boolean;
}

/**
 * The families take turns (RFC 8305 section 4), so that whichever does not work here is soon passed over. IPv4 first:
 * senders' reputation and reverse names are kept there by more operators.
 */
function* addressesOf(name: string): Program<Looked> {
  const found: string[][] = [];
  let failed = false;
  let authenticated = true;
  for (const type of ["A", "AAAA"] as const) {
    const answer = yield* ask("dns.resolve", { name, type });
    if (answer.kind === "tempfail") {
      failed = true;
      continue;
    }
    authenticated &&= answer.authenticated;
    if (answer.kind !== "ok") continue;
    found.push(answer.records.flatMap((record) => record.type === type ? [lowerAscii(record.address)] : []));
  }
  return { addresses: inTurns(found), failed, authenticated };
}

function inTurns(families: readonly (readonly string[])[]): string[] {
  const longest = Math.max(0, ...families.map((family) => family.length));
  return Array.from({ length: longest }, (_, i) => families.flatMap((family) => family.slice(i, i + 1))).flat();
}

function none(result: RecipientResult): { readonly kind: "none"; readonly result: RecipientResult } {
  return { kind: "none", result };
}
