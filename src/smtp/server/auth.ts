/** AUTH: RFC 4954. */
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { EMPTY } from "../../base/bytes.ts";
import { latin1Bytes } from "../../base/bytes.ts";
import { logEvent } from "../../contract/mod.ts";
import {
  advanceExchange,
  offeredMechanisms,
  parseMechanism,
  type SaslInput,
  type SaslOutcome,
  startExchange,
} from "../../sasl/mod.ts";
import { offersAuth } from "./hello.ts";
import type { At, SmtpState } from "./state.ts";

type Auth = Extract<At, { kind: "auth" }>;

/** `AUTH mechanism [initial-response]` */
export function auth(s: SmtpState, arg: string): void {
  if (s.options.mechanisms.length === 0) return s.refuse("AUTH", 502, "5.5.1", "AUTH is not offered here");
  if (s.login !== null || s.mail !== null) return s.refuse("AUTH", 503, "5.5.1", "AUTH is not allowed now");
  if (!offersAuth(s)) return s.refuse("AUTH", 538, "5.7.11", "Encryption required; send STARTTLS first");
  const [name = "", initial, ...more] = arg.split(" ", 4);
  const mechanism = parseMechanism(name, offeredMechanisms(s.options.mechanisms, s.tls));
  if (mechanism === null) {
    return s.refuse("AUTH", 504, "5.5.4", "Mechanism not offered; see EHLO");
  }
  const bytes = initial === undefined ? null : initial === "=" ? EMPTY : decodeBase64(initial);
  if (more.length > 0 || (initial !== undefined && bytes === null)) {
    return s.refuse("AUTH", 501, "5.5.2", "The initial response is not Base64");
  }
  const at: Auth = { kind: "auth", exchange: startExchange(mechanism, bytes, s.tls), mechanism, login: null };
  advance(s, at, { type: "start" });
}

/** A line of the exchange. `*` gives up (section 4). */
export function authLine(s: SmtpState, at: Auth, line: string): void {
  const response = line === "*" ? null : decodeBase64(line);
  if (line !== "*" && response === null) {
    s.at = { kind: "command" };
    return s.refuse("AUTH", 501, "5.5.2", "The response is not Base64");
  }
  advance(s, at, { type: "response", response });
}

/** Goes on with the exchange. */
export function advance(s: SmtpState, at: Auth, input: SaslInput): void {
  const progress = advanceExchange(at.exchange, input);
  switch (progress.kind) {
    case "challenge":
      s.at = at;
      return s.send(latin1Bytes(`334 ${encodeBase64(progress.data)}\r\n`));
    case "call":
      if ("login" in progress.call.args) at.login = progress.call.args.login;
      s.at = { kind: "asking", id: s.nextCall(), then: { kind: "auth", auth: at } };
      return void s.out.push({ ...progress.call, id: s.at.id });
    case "failed":
      s.at = { kind: "command" };
      s.logFailure(progress.error);
      return s.reply(454, "4.7.0", "Temporary authentication failure, please try again later");
    case "done":
      s.at = { kind: "command" };
      return done(s, at, progress.outcome);
  }
}

function done(s: SmtpState, at: Auth, outcome: SaslOutcome): void {
  const remoteAddress = s.session?.remoteAddress ?? "";
  if ("login" in outcome) {
    s.login = outcome.login;
    s.out.push(logEvent("info", "login", { login: outcome.login.login, mechanism: at.mechanism, remoteAddress }));
    return s.reply(235, "2.7.0", "Authentication successful");
  }
  const reason = outcome.refused;
  if (reason === "malformed" || reason === "cancelled") {
    return s.refuse("AUTH", 501, reason === "malformed" ? "5.5.2" : "5.7.0", `Authentication ${reason}`);
  }
  s.out.push(logEvent("warn", "login.refused", { login: at.login, mechanism: at.mechanism, reason, remoteAddress }));
  if (++s.authFailures >= s.options.limits.authFailures) {
    return s.end("4.7.0", "Too many failed logins; closing the connection");
  }
  if (reason === "tooMany") return s.reply(454, "4.7.0", "Too many failed logins, please try again later");
  if (reason === "disabled") return s.reply(525, "5.7.13", "The account is disabled; ask its administrator");
  s.reply(535, "5.7.8", "Wrong login or password");
}
