/** Defence against abuse, as it is configured. Times in milliseconds. */
import type { DnsList, HeloFault } from "../../abuse/mod.ts";

/** How much mail may come within a time; null: as much as likes to. */
export interface RatesConfig {
  readonly messagesPerHour: number | null;
  readonly messagesPerDay: number | null;
  readonly recipientsPerHour: number | null;
  readonly recipientsPerDay: number | null;
}

/** When an address is refused at the door by itself. */
export interface BanConfig {
  /** How many within `within` are too many; null: that never bans. */
  readonly failedLogins: number | null;
  readonly unknownRecipients: number | null;
  /** Sessions that ended because no mail program behaves like that. */
  readonly protocolErrors: number | null;
  readonly within: number;
  /** The first ban; each further one is twice as long, up to `longest`. */
  readonly first: number;
  readonly longest: number;
}

/** Those who try names to find out who exists. */
export interface ProbingConfig {
  /** So many unknown recipients of a network within an hour cost nothing. */
  readonly free: number;
  /** The wait for the next one; each further one waits twice as long, up to `longestDelay`. Zero: nobody waits. */
  readonly delay: number;
  readonly longestDelay: number;
  /** From so many in one session on it ends; null: `limits` alone decides. */
  readonly disconnectAfter: number | null;
}

/** Checks of a client that may be signals only, or reasons to refuse. */
export interface ClientsConfig {
  /** Faults of the HELO name for which a client is refused; all others are signals. */
  readonly heloRefuse: readonly HeloFault[];
  /** Whether the client's address has a name that leads back to it: a signal, never more. */
  readonly reverseDns: boolean;
  /** Octets before the greeting, and commands behind EHLO before its reply. */
  readonly earlyTalkers: "off" | "signal" | "refuse";
  /** How long the greeting waits for clients with bad signals, where `earlyTalkers` is not off. */
  readonly greetingDelay: number;
}

/** Putting off the first attempt of strangers. */
export interface GreylistingConfig {
  readonly enabled: boolean;
  /** How long it is too early, and until when they must have come back. */
  readonly delay: number;
  readonly within: number;
  /** How long whoever came back is let in at once. */
  readonly keep: number;
}

/** A content filter that speaks the milter protocol. */
export type MilterConfig =
  & {
    /** What becomes of a message that it cannot be asked about. */
    readonly onFailure: "accept" | "tempfail";
    /** For the connection, and for each answer. */
    readonly timeout: number;
  }
  & (
    | { readonly host: string; readonly port: number; readonly path?: never }
    | { readonly path: string; readonly host?: never; readonly port?: never }
  );

/** The key `abuse`. */
export interface AbuseConfig {
  /** Addresses and blocks to which none of this applies. Loopback by default. */
  readonly trusted: readonly string[];
  /** Of each account that submits. */
  readonly account: RatesConfig;
  /** Of each address, and of each network, that brings mail from outside. */
  readonly address: RatesConfig;
  readonly network: RatesConfig;
  /** Bits of what counts as one network. */
  readonly networkPrefix: { readonly ipv4: number; readonly ipv6: number };
  /** Block and allow lists in the DNS. */
  readonly lists: readonly DnsList[];
  /** What being listed comes to where the weights sum up to `threshold`. */
  readonly listed: { readonly action: "signal" | "refuse"; readonly threshold: number };
  readonly clients: ClientsConfig;
  readonly ban: BanConfig;
  readonly probing: ProbingConfig;
  readonly greylisting: GreylistingConfig;
}
