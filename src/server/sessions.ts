/** From a listener's protocol to the machine that speaks it, with its limits out of the configuration. */
import type { AnySession, Protocol } from "../contract/mod.ts";
import { imapSession } from "../imap/mod.ts";
import { manageSieveSession } from "../managesieve/mod.ts";
import { pop3Session } from "../pop3/mod.ts";
import type { Admission } from "../net/connection_limits.ts";
import { MECHANISMS } from "../sasl/mod.ts";
import { SMTP_LIMITS, type SmtpLimits, smtpSession } from "../smtp/server/mod.ts";
import type { Config, TlsMode } from "./config/mod.ts";
import { VERSION } from "./version.ts";
import { sieveExtensions } from "./filter_policy.ts";

/** Makes the session of a new connection. */
export type SessionMaker = () => AnySession;

/** For each protocol, as listeners speak it. */
export function sessionMaker(config: Config, protocol: Protocol, tls: TlsMode): SessionMaker {
  const { hostname, limits } = config;
  const startTls = tls === "starttls";
  const allowPlaintext = config.auth.allowPlaintext;
  switch (protocol) {
    case "smtp":
      return smtpMaker(config, "mx", startTls);
    case "submission":
      return smtpMaker(config, "submission", startTls);
    case "lmtp":
      return smtpMaker(config, "lmtp", startTls);
    case "imap": {
      const options = {
        hostname,
        name: "Palomar",
        version: VERSION,
        startTls,
        allowPlaintextAuth: allowPlaintext,
        utf8Only: config.imap.utf8Only,
        contact: config.imap.contact,
        comment: config.imap.comment,
        jmapSession: jmapSession(config),
        limits: {
          messageSize: limits.messageSize,
          badCommands: limits.badCommands,
          loginAttempts: limits.loginAttempts,
          loginMs: limits.loginTime,
          idleMs: limits.imapIdle,
        },
      };
      return () => imapSession(options);
    }
    case "pop3": {
      const options = {
        hostname,
        startTls,
        allowPlaintext,
        limits: {
          authAttempts: limits.loginAttempts,
          badCommands: limits.badCommands,
          authMs: limits.loginTime,
          idleMs: limits.pop3Idle,
        },
      };
      return () => pop3Session(options);
    }
    case "managesieve": {
      const options = {
        implementation: `Palomar ${VERSION}`,
        startTls,
        allowPlaintext,
        redirects: config.sieve.redirects,
        extensions: sieveExtensions(config),
        limits: {
          authAttempts: limits.loginAttempts,
          badCommands: limits.badCommands,
          authMs: limits.loginTime,
          idleMs: limits.manageSieveIdle,
        },
      };
      return () => manageSieveSession(options);
    }
  }
}

function smtpMaker(config: Config, profile: "mx" | "submission" | "lmtp", startTls: boolean): () => AnySession {
  const { limits } = config;
  const smtpLimits: SmtpLimits = {
    ...SMTP_LIMITS,
    messageSize: limits.messageSize,
    recipients: limits.recipients,
    mails: limits.messagesPerConnection,
    errors: limits.badCommands,
    authFailures: limits.loginAttempts,
    handshakeMs: limits.loginTime,
    commandMs: limits.smtpIdle,
    dataMs: limits.dataIdle,
  };
  const options = {
    profile,
    hostname: config.hostname,
    limits: smtpLimits,
    startTls,
    requireTls: profile === "submission" && startTls && !config.auth.allowPlaintext,
    allowPlaintextAuth: config.auth.allowPlaintext,
    mechanisms: profile === "submission" ? MECHANISMS : [],
    futureReleaseMs: limits.futureRelease,
    verifyClient: profile === "mx" && config.abuse.clients.earlyTalkers !== "off",
  };
  return () => smtpSession(options);
}

/** What a client hears that is turned away at the door, in the words of its protocol. */
export function refusalLine(protocol: Protocol, why: Admission): string {
  const text = why === "banned" ? "Your address is refused here for a time" : "Too many connections, try again later";
  switch (protocol) {
    case "imap":
      return `* BYE [${why === "banned" ? "UNAVAILABLE" : "LIMIT"}] ${text}`;
    case "pop3":
      return `-ERR [SYS/TEMP] ${text}`;
    case "managesieve":
      return `BYE (TRYLATER) "${text}"`;
    default:
      return `421 4.7.0 ${text}`;
  }
}

/** Told where it is known what people reach the server by; a URL stands in a quoted string. */
function jmapSession({ http: { origin } }: Config): string | null {
  return origin !== null && /^https?:\/\/[\x21\x23-\x5b\x5d-\x7e]+$/.test(origin) ? `${origin}/jmap/session` : null;
}
