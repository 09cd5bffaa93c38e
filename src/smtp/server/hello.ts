/** HELO, EHLO and LHLO: RFC 5321 section 4.1.1.1, RFC 2033 section 4.1. */
import { offeredMechanisms } from "../../sasl/mod.ts";
import { formatReply, printDateTime } from "../wire/mod.ts";
import type { SmtpState } from "./state.ts";

/** EHLO or LHLO. */
export function ehlo(s: SmtpState, arg: string): void {
  if (!greet(s, "EHLO", arg)) return;
  s.esmtp = true;
  if (!offersFutureRelease(s)) return s.send(formatReply(250, null, s.options.hostname, ...extensions(s)));
  // RFC 4865 section 3: the keyword says a date and time.
  s.at = { kind: "asking", id: s.nextCall(), then: { kind: "ehlo" } };
  s.out.push({ type: "call", id: s.at.id, op: "clock.now", args: {} });
}

/** The time, for EHLO. */
export function ehloAt(s: SmtpState, now: number): void {
  const most = s.options.futureReleaseMs ?? 0;
  const release = `FUTURERELEASE ${Math.floor(most / 1000)} ${printDateTime(now + most)}`;
  s.send(formatReply(250, null, s.options.hostname, ...extensions(s).toSpliced(-1, 0, release)));
}

/** RFC 4865 is for submission: who relays holds nothing back. */
export function offersFutureRelease({ options }: SmtpState): boolean {
  return options.profile === "submission" && (options.futureReleaseMs ?? 0) > 0;
}

/** For submitters alone: whoever else writes has no recipients elsewhere. */
export function offersVerp({ options }: SmtpState): boolean {
  return options.profile === "submission";
}

export function helo(s: SmtpState, arg: string): void {
  if (!greet(s, "HELO", arg)) return;
  s.esmtp = false;
  s.send(formatReply(250, null, s.options.hostname));
}

function greet(s: SmtpState, command: string, arg: string): boolean {
  if (!isName(arg)) {
    s.refuse(command, 501, "5.5.4", "Give the name of your host, or its address in brackets");
    return false;
  }
  // RFC 2920 section 3.1: EHLO ends a group of commands, because its reply says whether there may be groups.
  if (s.strict && s.helo === null && s.in.length > 0) {
    s.misdeed("earlyPipelining");
    s.logRefusal(command, 554, "commands before the reply");
    s.close(formatReply(554, "5.5.1", "Wait for the reply before you send more"));
    return false;
  }
  // RFC 5321 section 4.1.4: a greeting in the middle of a session is a RSET too.
  s.resetMail();
  s.helo = arg;
  return true;
}

/** Names of the wild are borne, but none that could be taken for something else in a Received field. */
function isName(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code === 127 || '()<>"\\;,@'.includes(text[i]!)) return false;
  }
  return true;
}

/** What is offered here and now. AUTH and STARTTLS change with TLS. */
export function extensions(s: SmtpState): string[] {
  const { options, tls } = s;
  const { limits } = options;
  const list = ["PIPELINING", `SIZE ${limits.messageSize}`, "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8"];
  list.push("CHUNKING");
  if (offersBinary(s)) list.push("BINARYMIME");
  list.push("DSN", `LIMITS MAILMAX=${limits.mails} RCPTMAX=${limits.recipients}`);
  if (options.startTls && tls === null) list.push("STARTTLS");
  if (tls !== null) list.push("REQUIRETLS"); // RFC 8689 section 2: only there
  if (offersAuth(s)) list.push(`AUTH ${offeredMechanisms(options.mechanisms, tls).join(" ")}`);
  if (offersVerp(s)) list.push("XVERP");
  list.push("HELP");
  return list;
}

/**
 * RFC 3030 section 3. What is submitted goes out to others, few of whom take binary, and its signatures would not
 * survive being turned into Base64 on the way. What comes in stays here as a rule.
 */
export function offersBinary(s: SmtpState): boolean {
  return s.options.profile !== "submission";
}

/** RFC 4954 section 4: a mechanism that the channel is not fit for is not offered. */
export function offersAuth(s: SmtpState): boolean {
  return s.options.mechanisms.length > 0 && (s.tls !== null || s.options.allowPlaintextAuth) && s.login === null;
}
