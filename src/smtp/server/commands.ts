/** The table of commands, and the small ones among them. */
import { trimWsp, upperAscii } from "../../base/ascii.ts";
import { formatReply } from "../wire/mod.ts";
import { auth } from "./auth.ts";
import { bdat, data } from "./body.ts";
import { mail, rcpt } from "./envelope.ts";
import { ehlo, helo } from "./hello.ts";
import type { SmtpState } from "./state.ts";

interface Command {
  run(s: SmtpState, arg: string): void;
  /** Needs EHLO, HELO or LHLO before it (RFC 5321 section 4.1.4). */
  readonly greeted: boolean;
  /** Goes without TLS where TLS is required (RFC 3207 section 4). */
  readonly clear?: boolean;
  /** Brings no message forward. */
  readonly idle?: boolean;
}

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["EHLO", { run: ehlo, greeted: false, clear: true, idle: true }],
  ["HELO", { run: helo, greeted: false, clear: true, idle: true }],
  ["MAIL", { run: mail, greeted: true }],
  ["RCPT", { run: rcpt, greeted: true }],
  ["DATA", { run: data, greeted: true }],
  ["BDAT", { run: bdat, greeted: false, clear: true }], // its octets must be consumed in every state
  ["AUTH", { run: auth, greeted: true }],
  ["STARTTLS", { run: startTls, greeted: true, clear: true }],
  ["RSET", { run: rset, greeted: false, idle: true }],
  ["NOOP", { run: (s) => s.reply(250, "2.0.0", "Ok"), greeted: false, clear: true, idle: true }],
  // RFC 5321 section 7.3: nobody learns here who exists.
  ["VRFY", { run: (s) => s.reply(252, "2.5.2", "Cannot verify; send mail and see"), greeted: true, idle: true }],
  ["EXPN", { run: (s) => s.refuse("EXPN", 502, "5.5.1", "Lists are not shown"), greeted: true }],
  ["HELP", { run: help, greeted: false, idle: true }],
  ["QUIT", { run: quit, greeted: false, clear: true }],
]);

const HTTP: ReadonlySet<string> = new Set(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH"]);

/** Runs one command line. */
export function command(s: SmtpState, line: string): void {
  const space = line.indexOf(" ");
  const verb = upperAscii(space < 0 ? line : line.slice(0, space));
  const arg = space < 0 ? "" : trimWsp(line.slice(space + 1));
  // A browser made to speak to a mail server, or TLS where there is none.
  if (HTTP.has(verb) || line.charCodeAt(0) === 0x16) {
    s.misdeed("otherProtocol");
    return s.end("4.7.0", "This is a mail server");
  }
  const found = COMMANDS.get(s.options.profile === "lmtp" ? lmtpVerb(verb) : verb);
  if (!found) return s.refuse("unknown", 500, "5.5.1", "Command not known; see HELP");
  if (s.options.requireTls && s.tls === null && !found.clear) {
    return s.refuse(verb, 530, "5.7.0", "Send STARTTLS first");
  }
  if (found.greeted && s.helo === null) {
    return s.refuse(verb, 503, "5.5.1", `Send ${s.options.profile === "lmtp" ? "LHLO" : "EHLO"} first`);
  }
  if (found.idle && ++s.idleCommands > s.options.limits.idleCommands) {
    return s.end("4.7.0", "Too many commands without a message; closing the connection");
  }
  found.run(s, arg);
}

/** RFC 2033 section 4.1: LHLO takes the place of EHLO, and HELO and EHLO are not there. */
function lmtpVerb(verb: string): string {
  return verb === "LHLO" ? "EHLO" : verb === "EHLO" || verb === "HELO" ? "" : verb;
}

function rset(s: SmtpState): void {
  s.resetMail();
  s.reply(250, "2.0.0", "Ok");
}

function help(s: SmtpState): void {
  s.reply(214, "2.0.0", "Commands: EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY AUTH STARTTLS HELP QUIT", "See RFC 5321");
}

function quit(s: SmtpState): void {
  s.close(formatReply(221, "2.0.0", `${s.options.hostname} closing connection`));
}

/** RFC 3207. */
function startTls(s: SmtpState, arg: string): void {
  if (arg !== "") return s.refuse("STARTTLS", 501, "5.5.4", "STARTTLS takes no argument");
  if (s.tls !== null) return s.refuse("STARTTLS", 503, "5.5.1", "TLS is there already");
  if (!s.options.startTls) return s.refuse("STARTTLS", 502, "5.5.1", "STARTTLS is not offered here");
  // Octets behind STARTTLS came in the clear: never carry them into TLS (CVE-2011-0411).
  if (s.in.length > 0) {
    s.logRefusal("STARTTLS", 421, "octets behind STARTTLS");
    return s.end("4.7.0", "Nothing may be sent behind STARTTLS before its reply");
  }
  s.resetMail();
  s.reply(220, "2.0.0", "Ready to start TLS");
  s.out.push({ type: "startTls" });
  s.at = { kind: "tls" };
}
