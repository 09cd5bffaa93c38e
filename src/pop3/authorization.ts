/** The AUTHORIZATION state (RFC 1939 section 4): who is it? */
import { decodeBase64 } from "../base/base64.ts";
import { EMPTY, latin1Bytes } from "../base/bytes.ts";
import { type Effect, logEvent, type Login, type Program, sendLine } from "../contract/mod.ts";
import { offeredMechanisms, parseMechanism, type SaslMechanism, type SaslOutcome, startExchange } from "../sasl/mod.ts";
import { openMaildrop } from "./maildrop.ts";
import type { Pop3Options, Pop3State, Then } from "./state.ts";

/** The default list: the strongest first; LOGIN has no place in POP3, whose USER and PASS are the same. */
const OFFERED: readonly SaslMechanism[] = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "OAUTHBEARER", "XOAUTH2"];

/** Whether a password may cross this connection. */
function mayLogIn(state: Pop3State, options: Pop3Options): boolean {
  return state.session?.tls !== null || options.allowPlaintext;
}

function offersStls(state: Pop3State, options: Pop3Options): boolean {
  return state.phase === "authorization" && options.startTls && state.session?.tls === null && !state.utf8;
}

function offered(state: Pop3State, options: Pop3Options): readonly SaslMechanism[] {
  return offeredMechanisms(options.mechanisms ?? OFFERED, state.session?.tls ?? null);
}

/** RFC 2449 section 5. */
export function capa(state: Pop3State, options: Pop3Options, out: Effect[]): void {
  const lines = ["+OK Capability list follows", "TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"];
  lines.push("EXPIRE NEVER", "UTF8", "IMPLEMENTATION Palomar");
  if (offersStls(state, options)) lines.push("STLS");
  if (mayLogIn(state, options)) lines.push("USER", `SASL ${offered(state, options).join(" ")}`);
  out.push(sendLine([...lines, "."].join("\r\n")));
}

const ENCRYPT = "-ERR Encryption is required first: use STLS";

export function user(state: Pop3State, name: string, options: Pop3Options, out: Effect[]): void {
  if (!mayLogIn(state, options)) return void out.push(sendLine(ENCRYPT));
  if (name === "") return void out.push(sendLine("-ERR USER needs a name"));
  state.user = name;
  out.push(sendLine("+OK")); // the same for everybody: whether there is such a user is nobody's business
}

/** RFC 1939 section 7: only directly after USER; spaces belong to the password. */
export function pass(state: Pop3State, password: string, options: Pop3Options, out: Effect[]): Then {
  const name = state.user;
  state.user = null;
  if (!mayLogIn(state, options)) return void out.push(sendLine(ENCRYPT));
  if (name === null) return void out.push(sendLine("-ERR Send USER first"));
  // One way in for all: PLAIN's bounds, UTF-8 and SASLprep hold for USER and PASS too (RFC 6856 section 2.2).
  return { sasl: startExchange("PLAIN", latin1Bytes(`\0${name}\0${password}`)) };
}

/** RFC 5034 section 4. */
export function auth(state: Pop3State, args: string, options: Pop3Options, out: Effect[]): Then {
  const mechanisms = offered(state, options);
  if (!mayLogIn(state, options)) return void out.push(sendLine(ENCRYPT));
  if (args === "") return void out.push(sendLine(["+OK", ...mechanisms, "."].join("\r\n")));
  const space = args.indexOf(" ");
  const mechanism = parseMechanism(space < 0 ? args : args.slice(0, space), mechanisms);
  if (mechanism === null) {
    return void out.push(sendLine("-ERR Unknown authentication mechanism"));
  }
  const text = space < 0 ? null : args.slice(space + 1);
  const initial = text === null ? null : text === "=" ? EMPTY : decodeBase64(text);
  if (text !== null && initial === null) return void out.push(sendLine("-ERR The initial response is not Base64"));
  return { sasl: startExchange(mechanism, initial, state.session?.tls ?? null) };
}

/** RFC 2595 section 4. True: start TLS now. */
export function stls(state: Pop3State, args: string, options: Pop3Options, out: Effect[]): boolean {
  if (args !== "" || !offersStls(state, options)) {
    out.push(sendLine("-ERR STLS is not possible now"));
    return false;
  }
  out.push(sendLine("+OK Begin TLS negotiation"));
  return true;
}

/** RFC 6856 section 2.1. */
export function utf8(state: Pop3State, args: string, out: Effect[]): void {
  if (args !== "") return void out.push(sendLine("-ERR UTF8 takes no argument"));
  state.utf8 = true;
  out.push(sendLine("+OK"));
}

const REFUSED: Readonly<Record<Extract<SaslOutcome, { refused: unknown }>["refused"], string>> = {
  // RFC 3206 section 4: a problem with the credentials, and with nothing else.
  credentials: "-ERR [AUTH] Wrong name or password",
  disabled: "-ERR [SYS/PERM] This account is disabled",
  tooMany: "-ERR [SYS/TEMP] Too many failed logins, try again later",
  malformed: "-ERR [AUTH] The credentials cannot be understood",
  cancelled: "-ERR Authentication was given up",
};

/** What comes of an exchange: the maildrop, or a refusal and after some of them the end. */
export function authenticated(state: Pop3State, outcome: SaslOutcome, attempts: number, out: Effect[]): Then {
  if ("login" in outcome) return { run: enter(state, outcome.login) };
  out.push(sendLine(REFUSED[outcome.refused]));
  out.push(logEvent("info", "login.refused", { protocol: "pop3", reason: outcome.refused }));
  if (++state.authFailures < attempts) return;
  state.phase = "closed";
  out.push({ type: "close" });
}

function* enter(state: Pop3State, login: Login): Program<void> {
  const drop = yield* openMaildrop(login.accountId);
  if (!drop) return void (yield sendLine("-ERR [SYS/TEMP] The mailbox cannot be opened"));
  state.login = login;
  state.drop = drop;
  state.phase = "transaction";
  yield logEvent("info", "login", { protocol: "pop3", login: login.login, messages: drop.count });
  yield sendLine(`+OK ${drop.count} messages (${drop.octets} octets)`);
}
