/** Generated zones, records and clients of SPF: sound, odd and broken ones, the same for the same seed. */
import type { SpfQuery } from "../../../src/mailauth/mod.ts";

/** One generated check. */
export interface Generated {
  readonly zone: Readonly<Record<string, readonly string[]>>;
  readonly query: SpfQuery;
}

const DOMAINS = [
  "example.com",
  "a.example.com",
  "b.example.com",
  "mail.example.org",
  "spf.example.net",
  "x.y.example.net",
];
const HOSTS = [
  "h1.example.com",
  "h2.example.org",
  "mx.a.example.com",
  "h4.example.net",
  "void.example.com",
  "empty.example.com",
];
const BROKEN = ["temp.example.com"];
const IP4 = ["192.0.2.1", "192.0.2.2", "192.0.2.129", "198.51.100.7", "10.1.2.3"];
const IP6 = ["2001:db8::1", "2001:db8::cb01", "2001:db8:1::7", "fe80::9"];
const LOCALS = ["alice", "bob", "strong-bad", "a+b", "x.y.z", '"q q"', "l".repeat(64), "O'Neill", "alice=example.org"];
const MACROS = [
  "%{d}",
  "%{d2}",
  "%{o}",
  "%{l}.%{d}",
  "%{ir}.%{v}.%{d}",
  "%{s}.x.example.com",
  "%{h}",
  "%{l1r-}.%{d}",
  "%{p}",
  "%{D}",
];
const ODD_MACROS = [
  "%{S}.example.com",
  "%{l+}.%{o}",
  "%{dr}.example.com",
  "%{i}",
  "%{d1}",
  "%{l}..example.com",
  "%{d9}",
  "%%.example.com",
  "%{lr+=-}.%{d2}",
];
const WRONG = [
  ...[
    "a:",
    "foo",
    "a/33",
    "ip4:1.2.3",
    "ip4:1.2.3.4/33",
    "ip6:::1/129",
    "include:",
    "exists",
    "%",
    "a:%{x}.com",
    "mx/024",
    "all:x",
  ],
  ...[
    "redirect=",
    "exp=",
    "exp=%{c}",
    "moo=%{",
    "ip4:1.2.3.04",
    "a:example",
    "ptr/24",
    "-",
    "a:%{d0}",
    "=x",
    "-moo=x",
    "ip6:1.2.3.4",
  ],
];

/** Numbers below `limit`, from a seed (mulberry32). */
export function dice(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** A zone of some domains with records, hosts and names of addresses, and a client. */
export function generate(seed: number): Generated {
  const roll = dice(seed);
  const pick = <T>(from: readonly T[]): T => from[roll(from.length)]!;
  const some = <T>(from: readonly T[], most: number): T[] => Array.from({ length: roll(most + 1) }, () => pick(from));
  const zone: Record<string, readonly string[]> = { "temp.example.com": ["fails"], "empty.example.com": [] };
  for (const domain of DOMAINS) {
    if (roll(8) === 0) continue;
    zone[domain] = [...txtOf(roll, pick), ...addresses(pick, roll, 2), ...exchanges(roll, pick)];
  }
  for (const host of HOSTS.slice(0, 4)) {
    zone[host] = [...addresses(pick, roll, 3), ...(roll(4) ? [] : exchanges(roll, pick))];
  }
  for (
    const name of [
      "alice.example.com",
      "strong.example.com",
      "1.2.0.192.in-addr.example.com",
      "example.com.example.com",
    ]
  ) {
    if (roll(2)) zone[name] = ["A 127.0.0.2"];
  }
  zone["why.example.com"] = roll(8) ? [`TXT ${explanation(roll, pick)}`] : some(["TXT one", "TXT other", "fails"], 2);
  zone["2.2.0.192.in-addr.arpa"] = some([...HOSTS, ...DOMAINS, ...BROKEN], 3).map((name) => `PTR ${name}`);
  if (roll(2)) {
    zone["1.2.0.192.in-addr.arpa"] = [...new Set(some([...HOSTS, ...DOMAINS], 14))].map((name) => `PTR ${name}`);
  }
  const domain = pick(DOMAINS);
  const sender = roll(12) ? `${pick(LOCALS)}@${domain}` : "";
  const helo = pick(["mx.example.org", "example.com", "[192.0.2.1]", "h1", "h1.example.com"]);
  const address = roll(3) ? pick(IP4) : pick([...IP6, "::ffff:192.0.2.1", "::ffff:c000:202"]);
  return { zone, query: { address, domain: sender === "" ? helo : domain, sender, helo, receiver: "mx.test" } };
}

type Pick = <T>(from: readonly T[]) => T;
type Roll = (limit: number) => number;

function txtOf(roll: Roll, pick: Pick): string[] {
  const other = roll(6) ? [] : ["TXT v=spf10 +all"];
  if (roll(15) === 0) return other;
  const terms = Array.from({ length: roll(6) + (roll(20) ? 0 : 10) }, () => term(roll, pick));
  const end = pick([
    "-all",
    "-all exp=why.example.com",
    "exp=why.%{d2} -all",
    "~all",
    "?all",
    "",
    `redirect=${target(roll, pick)}`,
  ]);
  const record = [pick(["v=spf1", "V=SPF1"]), ...terms, end].join(roll(9) ? " " : "  ");
  return [...other, `TXT ${roll(8) ? record : mutate(record, roll, pick)}`, ...(roll(40) ? [] : ["TXT v=spf1 -all"])];
}

/** A macro of the grammar; `t` is left to other tests, for it is another time in another program. */
function macro(pick: Pick, letters: string): string {
  const letter = pick([...letters, ...letters.toUpperCase()]);
  return `%{${letter}${pick(["", "", "1", "2", "3", "12"])}${pick(["", "", "r", "R"])}${
    pick(["", "", ".", "-", "+-", "/=_,"])
  }}`;
}

function explanation(roll: Roll, pick: Pick): string {
  const words = Array.from(
    { length: roll(5) + 1 },
    () => roll(3) ? macro(pick, "slodiphvcr") : pick(["%%", "%_", "%-", "is not"]),
  );
  return words.join(pick([" ", "", "/"])) + (roll(20) ? "" : pick(["%", "%{z}", "é", "%{t", "\t"]));
}

/** A character more, less or another one, behind the version. */
function mutate(record: string, roll: Roll, pick: Pick): string {
  const at = 6 + roll(record.length - 5);
  const put = pick([
    "",
    "%",
    "%{",
    "}",
    "%{L1r-}",
    "%{i}",
    "%{oR}",
    "/",
    "//",
    ":",
    "=",
    ".",
    " ",
    "-",
    "0",
    "1",
    "%%",
    "%_",
    "%-",
    "\t",
    "é",
    "_",
  ]);
  return record.slice(0, at) + put + record.slice(at + roll(3));
}

function term(roll: Roll, pick: Pick): string {
  const qualifier = pick(["", "", "", "+", "-", "~", "?"]);
  const prefix = pick(["", "", "", "/24", "/0", "//64", "/30//32", "//0"]);
  switch (roll(14)) {
    case 0:
    case 1:
      return `${qualifier}ip4:${pick(IP4)}${pick(["", "/24", "/31", "/0", "/8"])}`;
    case 2:
      return `${qualifier}ip6:${pick(IP6)}${pick(["", "/64", "/0", "/127"])}`;
    case 3:
      return `${qualifier}${pick(["a", "A"])}${prefix}`;
    case 4:
      return `${qualifier}mx${prefix}`;
    case 5:
    case 6:
      return `${qualifier}a:${target(roll, pick)}${prefix}`;
    case 7:
      return `${qualifier}mx:${target(roll, pick)}${prefix}`;
    case 8:
    case 9:
      return `${qualifier}include:${target(roll, pick)}`;
    case 10:
      return `${qualifier}exists:${target(roll, pick)}`;
    case 11:
      return `${qualifier}ptr${roll(2) ? "" : `:${target(roll, pick)}`}`;
    case 12:
      return roll(3) ? "exp=why.example.com" : pick(["moo=%{c}", "x-y_z.1=", "a=b", `exp=${target(roll, pick)}`]);
    default:
      return roll(4) ? `${qualifier}a` : pick(WRONG);
  }
}

function target(roll: Roll, pick: Pick): string {
  const kind = roll(20);
  if (kind < 7) return pick(DOMAINS);
  if (kind < 13) return pick(HOSTS) + (roll(6) ? "" : ".");
  if (kind < 14) return pick(BROKEN);
  if (kind < 17) return pick(MACROS);
  if (kind < 18) return pick(ODD_MACROS);
  return macro(pick, "slodiphv") + pick(["", ".example.com", ".%{d}"]);
}

function addresses(pick: Pick, roll: Roll, most: number): string[] {
  return Array.from({ length: roll(most + 1) }, () => roll(3) ? `A ${pick(IP4)}` : `AAAA ${pick(IP6)}`);
}

function exchanges(roll: Roll, pick: Pick): string[] {
  const count = roll(10) ? roll(4) : 9 + roll(4);
  return Array.from(
    { length: count },
    (_, i) => `MX ${i} ${roll(15) ? pick([...HOSTS, ...DOMAINS]) : pick([...BROKEN, "."])}`,
  );
}
