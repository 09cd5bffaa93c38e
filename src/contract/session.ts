/** What a machine is told about its connection when it opens, and what a refusal is. */
import type { SessionId } from "./ids.ts";

/** The protocols of mail clients and servers. */
export type Protocol = "smtp" | "submission" | "lmtp" | "imap" | "pop3" | "managesieve";

/** How the connection is protected. */
export interface TlsInfo {
  /** `TLSv1.3` … as in a Received field. */
  readonly version: string;
  readonly cipher: string;
  /** The name the client asked for (SNI), or null. */
  readonly serverName: string | null;
  /** Addresses in the client's certificate, where an authority that the operator named has signed it. */
  readonly clientAddresses?: readonly string[];
}

/** One connection, as it opened. */
export interface SessionInfo {
  readonly id: SessionId;
  readonly protocol: Protocol;
  /** The client's address as text: IPv4 dotted, IPv6 lower case, or `local` for a UNIX socket. Never `::ffff:1.2.3.4`. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsInfo | null;
  /**
   * Another server spoke with the client and brings its mail by HTTP. `told`: it told who the client is, and is believed;
   * `untold`: nothing is known of the client, and the addresses are those of who brings it. Absent: it is the client.
   */
  readonly brought?: "told" | "untold";
}

/** A domain refusal with its words: an SMTP reply (RFC 5321 section 4.2, RFC 3463). `text` never leaks internals. */
export interface Refusal {
  readonly code: number;
  /** `5.7.1` … */
  readonly enhanced: string;
  readonly text: string;
  /** What somebody said in his own words (RFC 5429): Unicode, perhaps of several lines. */
  readonly words?: RefusalWords;
}

/** Words of a person, which a reply may not be able to hold. */
export interface RefusalWords {
  readonly text: string;
  /** Whether they are to be told as they are: by a report where a reply cannot (RFC 5429 section 2.2). */
  readonly exactly: boolean;
}
