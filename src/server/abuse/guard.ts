/**
 * The guard at the doors: asks the tables of `abuse/`, does what they decide (refuses, waits, bans), and says so in the
 * log and the metrics. One for the server; each session that does something has a `SessionGuard`.
 */
import { type BanRules, Exempt, Greylist, MailLimits, RateTable, type StrikeKind, Strikes } from "../../abuse/mod.ts";
import { home } from "../../abuse/exempt.ts";
import type { Login, LoginRefused } from "../../contract/mod.ts";
import type { Clock } from "../clock.ts";
import { formatDuration } from "../config/units.ts";
import type { AbuseConfig } from "../config/mod.ts";
import type { Logger } from "../log.ts";
import type { Counter, Metrics } from "../metrics.ts";
import type { BanBook } from "./ban_book.ts";
import { OpenSessions } from "./open_sessions.ts";

export interface GuardParts {
  readonly config: AbuseConfig;
  readonly proxies: readonly string[];
  readonly hostname: string;
  readonly book: BanBook;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const KINDS: Readonly<Record<StrikeKind, string>> = {
  failedLogins: "failed logins",
  unknownRecipients: "unknown recipients",
  protocolErrors: "sessions that no mail program has",
};

/** How the durations of the configuration become those of bans. */
export function banRules({ ban }: AbuseConfig): BanRules {
  return { firstMs: ban.first, longestMs: Math.max(ban.first, ban.longest) };
}

export class Guard {
  readonly parts: GuardParts;
  readonly exempt: Exempt;
  readonly limits: MailLimits;
  readonly sessions: OpenSessions;
  /** Unknown recipients by network, within an hour. */
  readonly probing = new RateTable([{ most: Infinity, windowMs: 3_600_000 }]);
  /** Null: nobody is put off. */
  readonly greylist: Greylist | null;
  readonly #strikes: Strikes;
  readonly #refused: Counter;
  readonly #banned: Counter;

  constructor(parts: GuardParts) {
    const { config, proxies, metrics, book } = parts;
    this.parts = parts;
    this.sessions = new OpenSessions(parts.clock);
    this.exempt = new Exempt(config.trusted, proxies);
    this.limits = new MailLimits(config);
    this.greylist = config.greylisting.enabled ? new Greylist(config.greylisting) : null;
    this.#strikes = new Strikes({ ...config.ban, withinMs: config.ban.within });
    this.#refused = metrics.counter("palomar_abuse_refused_total", "What was refused as abuse.", ["reason"]);
    this.#banned = metrics.counter("palomar_bans_total", "Addresses that were banned by a rule.", ["reason"]);
    metrics.gaugeOf("palomar_bans", "Addresses and networks that are banned now.", () => book.bans.size);
  }

  /** The door is shut for this address. */
  isBanned(address: string): boolean {
    const ban = this.parts.book.bans.find(address, this.parts.clock.wall());
    return ban !== null && !this.exempt.isNeverBanned(address);
  }

  /** Asked where a connection is accepted; whoever is turned away is counted. */
  refusesAtDoor(address: string): boolean {
    if (!this.isBanned(address)) return false;
    this.counted("banned");
    return true;
  }

  counted(reason: string): void {
    this.#refused.add([reason]);
  }

  /** How a login ended: who was let in is safe, and wrong passwords count. */
  loginEnded(answer: Login | LoginRefused, address: string): void {
    if (!("refused" in answer)) return this.exempt.loggedIn(answer.login, address, this.parts.clock.wall());
    if (answer.refused !== "disabled") this.strike("failedLogins", address);
  }

  /** Somebody administers the server from there. */
  adminSeen(address: string): void {
    this.exempt.loggedIn("the administrator", address, this.parts.clock.wall());
  }

  /** A misdeed; too many of them are a ban. */
  strike(kind: StrikeKind, address: string): void {
    const { book, clock, config, logger } = this.parts;
    const now = clock.wall();
    if (this.exempt.isSafe(address, now)) return;
    const count = this.#strikes.add(kind, home(address), clock.monotonic());
    if (count === null) return;
    const reason = `${count} ${KINDS[kind]} within ${formatDuration(config.ban.within)}`;
    const ban = book.bans.byRule(home(address), reason, now);
    if (ban === null || ban.since !== now) return; // none, or one that holds already
    this.#banned.add([kind]);
    const until = ban.until === null ? null : new Date(ban.until).toISOString();
    logger.log("warn", "abuse.banned", { network: ban.network, address, reason, until, times: ban.times });
    this.endBanned(home(address));
    void book.save();
  }

  /** A ban was made: sessions that it hits end. `network`: an address or /64 of a rule; null: any network. */
  endBanned(network: string | null): void {
    const sessions = this.sessions.end(network, (address) => this.isBanned(address));
    if (sessions > 0) this.parts.logger.log("info", "abuse.sessionsEnded", { network, sessions });
  }
}
