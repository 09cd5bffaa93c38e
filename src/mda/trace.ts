/** Trace fields (RFC 5321 section 4.4), which delivery puts before the received octets. */
import { domainToAscii, parseDomain } from "../base/address.ts";
import { formatDate } from "../message/date.ts";
import type { Peer, TraceId } from "../contract/mod.ts";

export interface ReceivedFacts {
  readonly peer: Peer;
  readonly hostname: string;
  readonly traceId: TraceId;
  /** Named in the `for` clause; null where there are several, who need not know of each other. */
  readonly onlyRecipient: string | null;
  readonly now: number;
  /** Whether the client's name and address are written; a submitter's are nobody's business. */
  readonly disclose: boolean;
}

/** A Received field with its CRLF. */
export function receivedField(facts: ReceivedFacts): string {
  const { peer, hostname, traceId } = facts;
  const from = facts.disclose ? `from ${fromDomain(peer)}\r\n\t` : "";
  const tls = peer.session.tls ? ` (${peer.session.tls.version} ${peer.session.tls.cipher})` : "";
  // RFC 5321 section 7.2: a `for` with several recipients would disclose blind copies.
  const only = facts.onlyRecipient === null ? "" : `\r\n\tfor <${facts.onlyRecipient}>`;
  const stamp = `by ${hostname} with ${peer.via}${tls}\r\n\tid ${traceId}${only}`;
  return harmless(`Received: ${from}${stamp}; ${formatDate(facts.now)}\r\n`);
}

/** `Extended-Domain`: what the client calls itself, then its address as TCP knows it. */
function fromDomain(peer: Peer): string {
  const { remoteAddress } = peer.session;
  const literal = remoteAddress.includes(":") ? `[IPv6:${remoteAddress}]` : `[${remoteAddress}]`;
  const domain = parseDomain(peer.helo);
  const name = domain === null ? null : domainToAscii(domain);
  return remoteAddress === "local" ? `${name ?? "localhost"} (local)` : `${name ?? literal} (${literal})`;
}

/** RFC 5321 section 4.4: the reverse-path is kept by the delivering server. */
export function returnPathField(reversePath: string): string {
  return harmless(`Return-Path: <${reversePath}>\r\n`);
}

export function deliveredToField(address: string): string {
  return harmless(`Delivered-To: ${address}\r\n`);
}

/** No part of an envelope can end a line: control characters but our own CRLF and TAB become `?`. */
function harmless(field: string): string {
  let out = "";
  for (let i = 0; i < field.length; i++) {
    const code = field.charCodeAt(i);
    const ours = code === 9 || (code === 13 && field.startsWith("\n\t", i + 1)) ||
      (code === 10 && field.startsWith("\t", i + 1)) || i >= field.length - 2;
    out += (code < 32 || code === 127) && !ours ? "?" : field[i];
  }
  return out;
}
