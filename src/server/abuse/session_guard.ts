/** What the guard knows of one session, and the questions of its machine as they pass the guard. */
import { home } from "../../abuse/exempt.ts";
import type { Bringer } from "../../abuse/mail_limits.ts";
import { heloFault, heloWords, networkKey, probingDelay } from "../../abuse/mod.ts";
import {
  type AnswerOf,
  type Args,
  type LogEvent,
  logEvent,
  type Peer,
  type Refusal,
  type SessionInfo,
} from "../../contract/mod.ts";
import { spfOfSession } from "../../mailauth/mod.ts";
import { asksTheDns, checkClient, type ClientFacts, type Run } from "./client_checks.ts";
import type { Guard } from "./guard.ts";
import { BANNED, greylistRefusal, isPostmaster, isUnknown, listedRefusal, PROBED } from "./refusals.ts";

/** What the session lends. */
export interface SessionHands {
  readonly log: (event: LogEvent) => void;
  readonly run: Run;
}

type Verdict = AnswerOf<"rcpt.verify">;
const CLEAN: ClientFacts = { lists: { verdict: "clean", score: 0, on: [] }, signals: [] };

export class SessionGuard {
  readonly #guard: Guard;
  readonly #session: SessionInfo;
  readonly #hands: SessionHands;
  /** A stranger on the way in: neither trusted, nor a person who logs in, nor a client of LMTP, which is our own. */
  readonly #isStranger: boolean;
  readonly #isLimited: boolean;
  readonly #signals = new Set<string>();
  #facts: Promise<ClientFacts> | null = null;
  #unknown = 0;

  constructor(guard: Guard, session: SessionInfo, hands: SessionHands) {
    this.#guard = guard;
    this.#session = session;
    this.#hands = hands;
    this.#isLimited = session.protocol !== "lmtp" && session.brought !== "untold" &&
      !guard.exempt.isTrusted(session.remoteAddress);
    this.#isStranger = this.#isLimited && session.protocol === "smtp";
  }

  /** A ban came while the session went on. */
  get isBanned(): boolean {
    return this.#guard.isBanned(this.#session.remoteAddress);
  }

  /** What is against this client so far, for filters: `listed:NAME`, `helo:FAULT`, `reverseDns`, `earlyTalker` … */
  get signals(): readonly string[] {
    return [...this.#signals];
  }

  /** Before the greeting, which waits where something is against the client: a program that cannot wait gives itself away. */
  async client(): Promise<AnswerOf<"client.verify">> {
    const { clients } = this.#guard.parts.config;
    if (!this.#isStranger) return { ok: true, early: "allow" };
    if (clients.greetingDelay > 0 && (await this.#known()).signals.length > 0) {
      await this.#guard.parts.clock.sleep(clients.greetingDelay);
    }
    return { ok: true, early: clients.earlyTalkers === "refuse" ? "refuse" : "allow" };
  }

  /** MAIL: `next` is what the server itself says. */
  async sender(args: Args<"sender.verify">, next: () => Promise<Verdict>): Promise<Verdict> {
    if (this.isBanned) return this.#refuse("MAIL", "banned", BANNED);
    if (this.#isStranger) {
      void this.#known(); // asked now, needed at RCPT
      const refused = this.#helo(args.peer.helo);
      if (refused) return refused;
    }
    const answer = await next();
    if ("refused" in answer || !this.#isLimited) return answer;
    return this.#counted("MAIL", "messages", args.peer) ?? answer;
  }

  /** RCPT. */
  async recipient(args: Args<"rcpt.verify">, next: () => Promise<Verdict>): Promise<Verdict> {
    if (!this.#isLimited) return await next();
    if (this.#isStranger && !isPostmaster(args.recipient.forwardPath)) {
      const refused = await this.#listed();
      if (refused) return refused;
    }
    const answer = await next();
    if (!("refused" in answer)) {
      return await this.#greylisted(args) ?? this.#counted("RCPT", "recipients", args.peer) ?? answer;
    }
    return this.#isStranger && isUnknown(answer.refused) ? await this.#probed(answer) : answer;
  }

  /** What the machine said for the log, as far as it is a misdeed. */
  heard(event: LogEvent): void {
    if (event.event !== "smtp.abuse" || !this.#isLimited) return;
    this.#signals.add(String(event.fields.kind));
    this.#guard.strike("protocolErrors", this.#session.remoteAddress);
  }

  /** What the DNS says of the client; asked once. */
  #known(): Promise<ClientFacts> {
    const { config } = this.#guard.parts;
    if (this.#facts !== null) return this.#facts;
    if (!asksTheDns(config)) return this.#facts = Promise.resolve(CLEAN);
    return this.#facts = checkClient(this.#session.remoteAddress, config, this.#hands.run).then((facts) => {
      for (const signal of facts.signals) this.#signal(signal);
      return facts;
    });
  }

  #signal(signal: string): void {
    if (this.#signals.has(signal)) return;
    this.#signals.add(signal);
    this.#hands.log(logEvent("info", "abuse.signal", { signal, address: this.#session.remoteAddress }));
  }

  #helo(helo: string): Verdict | null {
    const { config, hostname } = this.#guard.parts;
    const { remoteAddress, localAddress } = this.#session;
    const fault = heloFault(helo, { remoteAddress, localAddress, hostname });
    if (fault === null) return null;
    this.#signal(`helo:${fault}`);
    if (!config.clients.heloRefuse.includes(fault)) return null;
    return this.#refuse("MAIL", `helo.${fault}`, { code: 550, enhanced: "5.7.1", text: heloWords(fault) });
  }

  async #listed(): Promise<Verdict | null> {
    const { lists } = await this.#known();
    if (lists.verdict !== "listed" || this.#guard.parts.config.listed.action !== "refuse") return null;
    return this.#refuse("RCPT", "listed", listedRefusal(this.#session.remoteAddress, lists.on));
  }

  /** The first attempt of strangers; not of those whom SPF or an allow list vouches for. */
  async #greylisted({ peer, sender, recipient }: Args<"rcpt.verify">): Promise<Verdict | null> {
    const { greylist, parts: { clock, config, hostname } } = this.#guard;
    // Whoever brings mail of others has a queue, and no reason to be put off.
    if (greylist === null || !this.#isStranger || this.#session.brought) return null;
    const { remoteAddress } = this.#session;
    const network = networkKey(remoteAddress, config.networkPrefix.ipv4, config.networkPrefix.ipv6);
    if (greylist.knows(network, clock.monotonic()) || (await this.#known()).lists.verdict === "allowed") return null;
    const { reversePath } = sender;
    const spf = this.#hands.run(
      spfOfSession({ address: remoteAddress, helo: peer.helo, reversePath, receiver: hostname }),
    );
    if (await spf.then(({ mailFrom }) => mailFrom.result === "pass", () => false)) return null;
    const recipientDomain = recipient.forwardPath.slice(recipient.forwardPath.lastIndexOf("@") + 1);
    const waitMs = greylist.wait({ network, sender: reversePath, recipientDomain }, clock.monotonic());
    return waitMs === 0 ? null : this.#refuse("RCPT", "greylisted", greylistRefusal(waitMs));
  }

  #counted(command: string, what: "messages" | "recipients", peer: Peer): Verdict | null {
    const { limits, parts: { clock } } = this.#guard;
    const who: Bringer = peer.login ? { account: peer.login.login } : { address: this.#session.remoteAddress };
    const reached = limits.check(what, who, clock.monotonic());
    if (reached) return this.#refuse(command, reached.reason, reached.refusal);
    limits.add(what, who, clock.monotonic());
    return null;
  }

  /** Whoever tries names waits longer each time, and is sent away in the end. */
  async #probed(answer: Verdict): Promise<Verdict> {
    const { probing, parts: { clock, config } } = this.#guard;
    const { remoteAddress } = this.#session;
    const network = home(remoteAddress);
    probing.add(network, 1, clock.monotonic());
    this.#guard.strike("unknownRecipients", remoteAddress);
    const { disconnectAfter } = config.probing;
    if (disconnectAfter !== null && ++this.#unknown >= disconnectAfter) return this.#refuse("RCPT", "probing", PROBED);
    const delayMs = probingDelay(probing.count(network, clock.monotonic()), config.probing);
    if (delayMs > 0) await clock.sleep(delayMs);
    return answer;
  }

  #refuse(command: string, reason: string, refusal: Refusal): { refused: Refusal } {
    const { code, text } = refusal;
    this.#guard.counted(reason);
    const address = this.#session.remoteAddress;
    this.#hands.log(logEvent("info", "abuse.refused", { reason, command, address, code, text }));
    return { refused: refusal };
  }
}
