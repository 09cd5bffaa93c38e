/** The key `abuse`. What is on by default never stands in the way of a legitimate server or a person. */
import { z } from "zod";
import type { MilterConfig } from "./abuse.ts";
import { HELO_FAULTS, parseCodes } from "../../abuse/mod.ts";
import {
  cidr,
  DAY,
  domainName,
  duration,
  integer,
  ipAddress,
  list,
  MINUTE,
  object,
  oneOf,
  SECOND,
  shown,
  text,
  truth,
} from "./values.ts";

const count = (otherwise: number | null) => integer(1, 1_000_000_000).nullable().default(otherwise);

function rates(perHour: number, perDay: number | null, recipientsPerHour: number, recipientsPerDay: number | null) {
  return object({
    messagesPerHour: count(perHour),
    messagesPerDay: count(perDay),
    recipientsPerHour: count(recipientsPerHour),
    recipientsPerDay: count(recipientsPerDay),
  }).prefault({});
}

const code = text('a return code, as "127.0.0.2" or "127.0.0.2-11"').transform((value, context) => {
  const range = parseCodes(value);
  if (range !== null) return range;
  context.addIssue({
    code: "custom",
    message: `${shown(value)} should be a return code, as "127.0.0.2" or "127.0.0.2-11"`,
  });
  return z.NEVER;
});

const dnsList = object({
  name: domainName('the zone of a list in the DNS, as "zen.example.org"'),
  kind: oneOf(["block", "allow"]).default("block"),
  codes: list(code, 'return codes, as "127.0.0.2-11"').max(50).default([]),
  weight: integer(1, 1000).default(1),
});

/** The key `abuse`. */
export const ABUSE = object({
  trusted: list(cidr, 'addresses or blocks, as "10.0.0.0/8"').default(["127.0.0.0/8", "::1"]),
  account: rates(1000, 5000, 5000, 20_000),
  address: rates(5000, null, 50_000, null),
  network: rates(20_000, null, 200_000, null),
  networkPrefix: object({ ipv4: integer(8, 32).default(24), ipv6: integer(16, 128).default(64) }).prefault({}),
  lists: list(dnsList, 'lists in the DNS, as { "name": "zen.example.org" }').max(20, {
    error: "should have at most 20 lists",
  }).default([]),
  listed: object({ action: oneOf(["signal", "refuse"]).default("refuse"), threshold: integer(1, 1000).default(1) })
    .prefault({}),
  clients: object({
    heloRefuse: list(oneOf(HELO_FAULTS), "faults of HELO names").default([]),
    reverseDns: truth.default(false),
    earlyTalkers: oneOf(["off", "signal", "refuse"]).default("off"),
    greetingDelay: duration(0, MINUTE).prefault("5s"),
  }).prefault({}),
  ban: object({
    failedLogins: count(20),
    unknownRecipients: count(null),
    protocolErrors: count(null),
    within: duration(MINUTE, DAY).prefault("1h"),
    first: duration(SECOND, 365 * DAY).prefault("15m"),
    longest: duration(SECOND, 365 * DAY).prefault("7d"),
  }).prefault({}),
  probing: object({
    free: integer(0, 1_000_000).default(10),
    delay: duration(0, MINUTE).prefault("500ms"),
    longestDelay: duration(0, 5 * MINUTE).prefault("10s"),
    disconnectAfter: integer(1, 1_000_000).nullable().default(50),
  }).prefault({}),
  greylisting: object({
    enabled: truth.default(false),
    delay: duration(SECOND, DAY).prefault("5m"),
    within: duration(MINUTE, 30 * DAY).prefault("1d"),
    keep: duration(MINUTE, 365 * DAY).prefault("35d"),
  }).prefault({}),
});

const milter = object({
  host: ipAddress.optional(),
  port: integer(1, 65_535).optional(),
  path: text('the path of a UNIX socket, as "/run/rspamd/milter.sock"').optional(),
  onFailure: oneOf(["accept", "tempfail"]).default("tempfail"),
  timeout: duration(100, 10 * MINUTE).prefault("30s"),
}).transform((value, context): MilterConfig => {
  const { host, port, path, onFailure, timeout } = value;
  const refuse = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
  if (path !== undefined) {
    if (host !== undefined || port !== undefined) refuse("path", "a milter has either a path or a host with a port");
    return { path, onFailure, timeout };
  }
  if (port === undefined) refuse("port", "missing; a milter has a port, or the path of a UNIX socket");
  return { host: host ?? "127.0.0.1", port: port ?? 0, onFailure, timeout };
});

/** The key `milters`. */
export const MILTERS = list(milter, 'milters, as { "host": "127.0.0.1", "port": 11332 }').max(10, {
  error: "should have at most 10 milters",
}).default([]);
