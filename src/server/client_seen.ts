/**
 * Who asks by HTTP, behind reverse proxies. Anybody may write X-Forwarded-For; what counts is what proxies that we trust
 * have added, read from the right: the first address that is none of theirs is the client.
 */
import { isIP } from "node:net";
import type { HttpClient } from "../http/client.ts";
import { isIn, networks } from "../net/connection_limits.ts";
import { normaliseAddress } from "../net/transport_address.ts";
import type { HttpConfig } from "./config/mod.ts";

/** Proxies in a row, and characters that they may write. */
const MOST_HOPS = 16;
const LONGEST = 2048;
/** RFC 3986 section 3.2.2, as a browser writes it, with a port. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/** For each request: the client's address, and where it reached the server. */
export function clientSeen(
  { origin, proxies }: Pick<HttpConfig, "origin" | "proxies">,
): (request: Request, peer: HttpClient | undefined) => HttpClient {
  const trusted = proxies.length === 0 ? null : networks(proxies);
  const isProxy = (address: string): boolean => trusted !== null && isIn(trusted, address);
  return (request, peer) => {
    const own = peer?.address ? normaliseAddress(peer.address) : "";
    // A UNIX socket has no address: whoever reaches it is of this machine.
    const speaksFor = trusted !== null && (isProxy(own) || (peer !== undefined && own === ""));
    const address = speaksFor ? behind(last(request, "x-forwarded-for"), own, isProxy) : own;
    const reached = origin ?? peer?.origin ?? (speaksFor ? originBehind(request) : null);
    return { ...peer, address, ...(reached !== null && { origin: reached }) };
  };
}

/** The last address that a trusted proxy named and that is none of theirs. */
function behind(header: string, peer: string, isProxy: (address: string) => boolean): string {
  const hops = header === "" ? [] : header.split(",").slice(-MOST_HOPS).reverse();
  let found = peer;
  for (const hop of hops) {
    const address = addressOf(hop.trim());
    if (address === null) return found;
    found = address;
    if (!isProxy(address)) return found;
  }
  return found;
}

/** `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]:443`. */
function addressOf(text: string): string | null {
  const bare = /^\[([^\]]{2,45})\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([0-9.]{7,15}):\d{1,5}$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? null : normaliseAddress(bare);
}

function originBehind(request: Request): string | null {
  const { protocol, host } = new URL(request.url);
  const scheme = lastItem(last(request, "x-forwarded-proto"));
  const named = lastItem(last(request, "x-forwarded-host"));
  if (scheme !== "http" && scheme !== "https" && named === "") return null;
  const over = scheme === "http" || scheme === "https" ? scheme : protocol.slice(0, -1);
  const url = `${over}://${HOST.test(named) ? named : host}`;
  return URL.canParse(url) ? new URL(url).origin : null;
}

/** All fields of the name in one, what is too long from its end. */
function last(request: Request, name: string): string {
  return (request.headers.get(name) ?? "").slice(-LONGEST);
}

/** What the nearest proxy said. */
function lastItem(header: string): string {
  return header.split(",").at(-1)!.trim();
}
