import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  BlobId,
  DnsAnswer,
  DnsRecord,
  Notify,
  QueueId,
  QueueJob,
  QueueRow,
  TraceId,
} from "../../../src/contract/mod.ts";
import {
  allowed,
  type Attempted,
  deliverLocal,
  duration,
  ipAddress,
  isPrivateAddress,
  literalAddress,
  newDestination,
  nextHop,
  type NextHopRequest,
  reached,
  type Relay,
  retryAt,
  routeNotice,
  settle,
  transitFields,
  unreached,
  type WaitKind,
  waitKind,
} from "../../../src/mta/queue/mod.ts";
import { ownPermanent, ownTemporary, type RecipientResult } from "../../../src/smtp/client/mod.ts";
import { directory, NOW, recipient, SENDER } from "../../mda/world_of_addresses.ts";
import { runProgram } from "../../support/run_program.ts";

const HOUR = 3600_000;
const RETRY = { first: 30_000, longest: 4 * HOUR };

Deno.test("retryAt() doubles the wait up to the longest and ends at the expiry", () => {
  const table: readonly (readonly [number, number])[] = [
    [1, 30_000],
    [2, 60_000],
    [5, 480_000],
    [20, 4 * HOUR],
    [5000, 4 * HOUR],
  ];
  for (const [attempts, wait] of table) {
    const due = retryAt(RETRY, { seed: "q1", attempts, expiresAt: NOW + 120 * HOUR }, NOW)!;
    assert.ok(Math.abs(due - NOW - wait) <= wait * 0.2 + 1, `${attempts}: ${due - NOW}`);
  }
  assert.equal(retryAt(RETRY, { seed: "q1", attempts: 20, expiresAt: NOW + 5000 }, NOW), NOW + 5000);
  assert.equal(retryAt(RETRY, { seed: "q1", attempts: 1, expiresAt: NOW }, NOW), null);
});

Deno.test("retryAt() is never in the past, never past the expiry, and the same every time", () => {
  fc.assert(fc.property(fc.string(), fc.nat(2000), fc.nat(500 * HOUR), (seed, attempts, left) => {
    const row = { seed, attempts, expiresAt: NOW + left };
    const due = retryAt(RETRY, row, NOW);
    assert.equal(due, retryAt(RETRY, row, NOW));
    if (left === 0) assert.equal(due, null);
    else assert.ok(due !== null && due > NOW && due <= row.expiresAt);
  }));
});

Deno.test("retryAt() waits for a destination that is left alone, and minutes for a greylist, never too early", () => {
  for (let i = 0; i < 50; i++) {
    const wait = (kind: WaitKind, attempts: number, more = {}) =>
      retryAt(RETRY, { seed: `s${i}`, attempts, expiresAt: NOW + 120 * HOUR, kind, ...more }, NOW)! - NOW;
    assert.ok(wait("greylisted", 1) >= 300_000 && wait("greylisted", 1) <= 360_000);
    assert.ok(wait("greylisted", 2) >= 600_000);
    assert.ok(Math.abs(wait("unreachable", 1) - 30_000) <= 6_000);
    assert.ok(Math.abs(wait("later", 1) - 30_000) <= 6_000);
    const alone = wait("unreachable", 1, { notBefore: NOW + HOUR });
    assert.ok(alone >= HOUR && alone <= HOUR + 6_000, String(alone));
    assert.equal(wait("later", 1, { notBefore: NOW + 500 * HOUR }), 120 * HOUR);
  }
});

Deno.test("waitKind() tells greylists from servers that are away and from other reasons", () => {
  const remote = (code: number, enhanced: string, text: string): RecipientResult => ({
    kind: "temporary",
    code,
    enhanced,
    text,
    remote: true,
  });
  const table: readonly (readonly [RecipientResult, WaitKind])[] = [
    [remote(450, "4.2.0", "<b@there.example>: Recipient address rejected: Greylisted, see http://x"), "greylisted"],
    [remote(451, "4.7.1", "Greylisting in action, please come back later"), "greylisted"],
    [remote(451, "4.7.1", "Try again later"), "greylisted"],
    [remote(451, "4.0.0", "graylisted"), "greylisted"],
    [remote(451, "4.7.1", "Your policy is wrong"), "later"],
    [remote(421, "4.7.0", "Greylisted"), "later"],
    [remote(452, "4.2.2", "Full"), "later"],
    [ownTemporary("4.4.1", "mx.example refuses connections"), "unreachable"],
    [ownTemporary("4.3.0", "grey"), "later"],
  ];
  for (const [result, kind] of table) assert.equal(waitKind(result), kind, result.text);
});

const CARE = { start: 5, most: 20, first: 60_000, longest: HOUR };
const away = (seed = "x", now = NOW) => ({ now, why: "gone", seed });

Deno.test("a destination gets more connections as it takes them, up to its most, and fewer as it does not", () => {
  const one = newDestination(CARE);
  assert.equal(allowed(one, NOW), 5);
  for (let i = 0; i < 1000; i++) {
    const before = allowed(one, NOW);
    reached(one, CARE);
    assert.ok(allowed(one, NOW) - before <= 1);
  }
  assert.equal(allowed(one, NOW), 20);
  unreached(one, CARE, away());
  assert.equal(allowed(one, NOW), 10);
  reached(one, CARE);
  assert.equal(allowed(one, NOW), 10);
  assert.equal(one.failures, 0);
  assert.equal(allowed(newDestination({ ...CARE, most: 2 }), NOW), 2);
});

Deno.test("a destination that cannot be reached is left alone, longer each time, and asked by one", () => {
  const one = newDestination(CARE);
  for (let i = 0; i < 5; i++) unreached(one, CARE, away());
  assert.equal(allowed(one, NOW), 0);
  assert.equal(one.failures, 3); // the others were under way: they say nothing new
  const first = one.deadUntil - NOW;
  assert.ok(first >= 60_000 && first <= 72_000, String(first));
  assert.equal(allowed(one, one.deadUntil), 1);
  let before = first;
  for (let i = 0; i < 12; i++) {
    const now = one.deadUntil;
    unreached(one, CARE, away("x", now));
    const wait = one.deadUntil - now;
    assert.ok(wait <= HOUR * 1.2 && (wait > before || wait >= HOUR), `${i}: ${wait}`);
    before = wait;
  }
  reached(one, CARE);
  assert.equal(allowed(one, NOW), 2);
  const lone = newDestination({ ...CARE, most: 1 });
  unreached(lone, { ...CARE, most: 1 }, away());
  assert.equal(allowed(lone, NOW), 0); // with one at a time the first is enough
});

type Zones = Record<string, readonly DnsRecord[] | "nxdomain" | "tempfail">;
const mx = (preference: number, exchange: string): DnsRecord => ({ type: "MX", preference, exchange });
const a = (address: string): DnsRecord => ({ type: address.includes(":") ? "AAAA" : "A", address });

function hop(zones: Zones, more: Partial<NextHopRequest<Relay>> = {}, domain = "there.example") {
  const answer = (name: string, type: string): DnsAnswer => {
    const zone = zones[`${name} ${type}`] ?? zones[name] ?? "nxdomain";
    if (zone === "nxdomain") return { kind: "nxdomain", authenticated: false, ttl: 1 };
    if (zone === "tempfail") return { kind: "tempfail", reason: "scripted" };
    const records = zone.filter((record) => record.type === type);
    if (records.length === 0) return { kind: "nodata", authenticated: false, ttl: 1 };
    return { kind: "ok", records, canonicalName: name, authenticated: true, ttl: 1 };
  };
  const { result, calls } = runProgram(
    nextHop<Relay>({
      domain,
      traceId: "s1.1",
      port: 25,
      chosen: null,
      routes: new Map(),
      relay: null,
      ownEndpoints: new Set(["127.0.0.1:25", "192.0.2.25:25"]),
      ownName: "mail.ours.example",
      privateExchanges: true,
      ...more,
    }),
    { "dns.resolve": ({ name, type }) => answer(name, type) },
  );
  const text = result.kind === "hosts"
    ? result.hosts.map((host) => `${host.name}=${host.address}:${host.port}`).join(" ")
    : `${result.result.kind} ${result.result.enhanced}`;
  return { text, calls: calls.length };
}

Deno.test("nextHop() finds the hosts of a domain, or says why there are none", () => {
  const two: Zones = {
    "there.example": [mx(20, "b.example"), mx(10, "A.example.")],
    "a.example": [a("198.18.0.1"), a("2001:DB8::1")],
    "b.example": [a("198.18.0.2")],
  };
  const table: readonly (readonly [string, Zones, string, Partial<NextHopRequest<Relay>>?, string?])[] = [
    ["by preference, IPv4 first", two, "a.example=198.18.0.1:25 a.example=2001:db8::1:25 b.example=198.18.0.2:25"],
    ["null MX", { "there.example": [mx(0, ".")] }, "permanent 5.1.10"],
    ["null MX beside another is passed over", {
      "there.example": [mx(0, "."), mx(5, "a.example")],
      "a.example": [a("198.18.0.1")],
    }, "a.example=198.18.0.1:25"],
    ["no domain", {}, "permanent 5.1.2"],
    ["domain that cannot be asked", { "there.example": "tempfail" }, "temporary 4.4.3"],
    ["implicit MX", { "there.example": [a("198.18.0.1")] }, "there.example=198.18.0.1:25"],
    ["neither MX nor address", { "there.example": [{ type: "TXT", text: "x" }] }, "permanent 5.4.4"],
    ["exchanges without addresses", { "there.example": [mx(1, "a.example")] }, "permanent 5.4.4"],
    ["exchanges that cannot be asked", {
      "there.example": [mx(1, "a.example"), mx(2, "b.example")],
      "a.example": "tempfail",
    }, "temporary 4.4.3"],
    [
      "half an answer is used",
      { ...two, "a.example AAAA": "tempfail" },
      "a.example=198.18.0.1:25 b.example=198.18.0.2:25",
    ],
    ["own address and all that is not better", {
      "there.example": [mx(5, "a.example"), mx(10, "us.example"), mx(10, "c.example"), mx(20, "b.example")],
      "a.example": [a("198.18.0.1")],
      "us.example": [a("192.0.2.25")],
      "c.example": [a("198.18.0.3")],
      "b.example": [a("198.18.0.2")],
    }, "a.example=198.18.0.1:25"],
    ["only ourselves", { "there.example": [mx(5, "us.example")], "us.example": [a("127.0.0.1")] }, "permanent 5.4.6"],
    ["our own name behind a translated address", {
      "there.example": [mx(5, "mail.ours.example")],
      "mail.ours.example": [a("198.18.9.9")],
    }, "permanent 5.4.6"],
    [
      "the same machine on another port is no loop",
      {
        "there.example": [mx(5, "x.example")],
        "x.example": [a("127.0.0.1")],
      },
      "x.example=127.0.0.1:2525",
      { port: 2525 },
    ],
    ["relay", {}, "10.0.0.1=10.0.0.1:587", { relay: { host: "10.0.0.1", port: 587 } }],
    ["relay by name", two, "b.example=198.18.0.2:587", { relay: { host: "b.example", port: 587 } }],
    ["relay that is gone is the operator's to mend", {}, "temporary 4.4.3", {
      relay: { host: "gone.example", port: 587 },
    }],
    ["route before relay", {}, "10.0.0.2=10.0.0.2:25", {
      relay: { host: "10.0.0.1", port: 587 },
      routes: new Map([["there.example", { host: "10.0.0.2", port: 25 }]]),
    }],
    [
      "the families take turns",
      {
        "there.example": [mx(1, "a.example")],
        "a.example": [a("198.18.0.1"), a("198.18.0.2"), a("198.18.0.3"), a("2001:db8::1"), a("2001:db8::2")],
      },
      ["198.18.0.1", "2001:db8::1", "198.18.0.2", "2001:db8::2", "198.18.0.3"].map((x) => `a.example=${x}:25`).join(
        " ",
      ),
    ],
    ["relay that is ourselves", {}, "temporary 4.4.6", { relay: { host: "192.0.2.25", port: 25 } }],
    ["relay that leads to ourselves", { "us.example": [a("198.18.0.1"), a("127.0.0.1")] }, "temporary 4.4.6", {
      relay: { host: "us.example", port: 25 },
    }],
    ["relay of our own name", { "mail.ours.example": [a("198.18.9.9")] }, "temporary 4.4.6", {
      relay: { host: "Mail.ours.example", port: 25 },
    }],
    ["route to ourselves", {}, "temporary 4.4.6", {
      routes: new Map([["there.example", { host: "127.0.0.1", port: 25 }]]),
    }],
    ["a person's choice that is ourselves", {}, "temporary 4.4.6", { chosen: { host: "127.0.0.1", port: 25 } }],
    ["a filter beside us on another port", {}, "127.0.0.1=127.0.0.1:10024", {
      relay: { host: "127.0.0.1", port: 10024 },
    }],
    ["literal", {}, "8.8.4.4=8.8.4.4:25", {}, "[8.8.4.4]"],
    ["literal of six", {}, "2a00::1=2a00::1:25", {}, "[ipv6:2a00::1]"],
    ["literal inside", {}, "permanent 5.1.2", {}, "[10.1.2.3]"],
    ["literal in disguise", {}, "permanent 5.1.2", {}, "[ipv6:::ffff:10.1.2.3]"],
    ["literal of ours", {}, "permanent 5.4.6", {}, "[192.0.2.25]"],
    ["no literal", {}, "permanent 5.1.2", {}, "[tag:x]"],
  ];
  for (const [what, zones, want, more, domain] of table) assert.equal(hop(zones, more, domain).text, want, what);
});

Deno.test("nextHop() goes to no exchange inside of our own network, unless it may", () => {
  const zones: Zones = {
    "there.example": [mx(10, "in.example"), mx(20, "out.example")],
    "in.example": [a("10.0.0.5"), a("fd00::5"), a("127.0.0.1")],
    "out.example": [a("8.8.8.8")],
  };
  const closed = { privateExchanges: false, ownEndpoints: new Set<string>() };
  assert.equal(hop(zones, closed).text, "out.example=8.8.8.8:25");
  assert.equal(hop({ ...zones, "out.example": [] }, closed).text, "permanent 5.4.4");
  const open = { ...closed, privateExchanges: true };
  assert.match(
    hop(zones, open).text,
    /^in\.example=10\.0\.0\.5:25 in\.example=fd00::5:25 in\.example=127\.0\.0\.1:25 /,
  );
});

Deno.test("nextHop() is bounded in questions and addresses, whatever a domain publishes", () => {
  const zones: Zones = { "there.example": Array.from({ length: 500 }, (_, i) => mx(i, `m${i}.example`)) };
  for (let i = 0; i < 500; i++) {
    zones[`m${i}.example`] = Array.from({ length: 3 }, (_, j) => a(`198.18.${i % 250}.${j}`));
  }
  const { text, calls } = hop(zones);
  assert.equal(text.split(" ").length, 16);
  assert.ok(calls <= 21, String(calls));
  for (let i = 0; i < 500; i++) zones[`m${i}.example`] = "nxdomain";
  assert.ok(hop(zones).calls <= 21);
});

Deno.test("nextHop() spreads equal exchangers over messages, the same way for one message", () => {
  const zones: Zones = { "there.example": [mx(1, "a.example"), mx(1, "b.example")], "a.example": [a("198.18.0.1")] };
  zones["b.example"] = [a("198.18.0.2")];
  const first = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const { text } = hop(zones, { traceId: `s1.${i}` });
    assert.equal(text, hop(zones, { traceId: `s1.${i}` }).text);
    first.add(text.slice(0, 1));
  }
  assert.deepEqual([...first].sort(), ["a", "b"]);
});

Deno.test("addresses are told apart from names, and public ones from private ones", () => {
  assert.equal(ipAddress("192.0.2.1"), "192.0.2.1");
  assert.equal(ipAddress("2001:DB8::1"), "2001:db8::1");
  for (
    const text of ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", ":::", "1::2::3", "1:2:3", "g::1", "::1%eth0"]
  ) {
    assert.equal(ipAddress(text), null, text);
  }
  assert.equal(literalAddress("[IPv6:::1]"), "::1");
  assert.equal(literalAddress("192.0.2.1"), null);
  const inside =
    "127.0.0.1 10.9.9.9 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 " +
    ":: ::1 fe80::1 fc00::1 ff02::1 ::ffff:127.0.0.1 64:ff9b::10.0.0.1 2002:7f00:1::1 2001:db8::1 nonsense";
  for (const address of inside.split(" ")) assert.equal(isPrivateAddress(address), true, address);
  for (const address of "8.8.8.8 172.32.0.1 100.128.0.1 2a00:1450::1 2606:4700::1111 2002:808:808::1".split(" ")) {
    assert.equal(isPrivateAddress(address), false, address);
  }
});

const row = (notify: Notify = null, more: Partial<QueueRow> = {}): QueueRow => ({
  queueId: "q1" as QueueId,
  traceId: "s1.1" as TraceId,
  recipient: { forwardPath: "bob@there.example", notify, orcpt: null },
  domain: "there.example",
  state: "leased",
  priority: "normal",
  attempts: 0,
  queuedAt: NOW,
  dueAt: NOW,
  expiresAt: NOW + 120 * HOUR,
  lastReply: null,
  route: null,
  sender: { ...SENDER, reversePath: "alice@ours.example" },
  blobId: "b1" as BlobId,
  size: 10,
  ...more,
});
const OK: RecipientResult = { kind: "delivered", code: 250, enhanced: "2.0.0", text: "ok", remote: true };
const NO: RecipientResult = { kind: "permanent", code: 550, enhanced: "5.1.1", text: "no", remote: true };
const LATER: RecipientResult = { kind: "temporary", code: 450, enhanced: "4.2.0", text: "later", remote: true };

function settled(
  result: RecipientResult,
  more: Partial<Attempted> = {},
  facts: { now?: number; interrupted?: boolean } = {},
) {
  const one: Attempted = { row: row(), result, host: "mx.example", tls: null, local: false, dsn: false, ...more };
  const { outcomes, reports, journal } = settle([one], { retry: RETRY, now: NOW, interrupted: false, ...facts });
  return { text: `${outcomes[0]!.outcome} ${reports.map((report) => report.action)}`, outcome: outcomes[0]!, journal };
}

Deno.test("settle() decides about outcome and report, as NOTIFY says", () => {
  const late = row(["delay"], { attempts: 9, queuedAt: NOW - 3 * HOUR });
  const table: readonly (readonly [string, ReturnType<typeof settled>, string])[] = [
    ["taken", settled(OK), "relayed "],
    ["taken, success wanted", settled(OK, { row: row(["success"]) }), "relayed relayed"],
    ["taken by a server that reports itself", settled(OK, { row: row(["success"]), dsn: true }), "relayed "],
    [
      "into a mailbox, which is reported by a row of its own",
      settled(OK, { local: true, row: row(["success"]) }),
      "delivered ",
    ],
    ["that row", settled(OK, { local: true, row: row(["success"], { report: "delivered" }) }), "delivered delivered"],
    ["an alias", settled(OK, { local: true, row: row(["success"], { report: "expanded" }) }), "delivered expanded"],
    [
      "what is decided, too late",
      settled(LATER, { row: row(null, { report: "delivered", expiresAt: NOW }) }),
      "failed ",
    ],
    ["refused", settled(NO), "failed failed"],
    ["refused, failure wanted", settled(NO, { row: row(["failure", "delay"]) }), "failed failed"],
    ["refused, NEVER", settled(NO, { row: row([]) }), "failed "],
    ["refused, only success wanted", settled(NO, { row: row(["success"]) }), "failed "],
    ["refused, null sender", settled(NO, { row: row(null, { sender: { ...SENDER, reversePath: "" } }) }), "failed "],
    ["later", settled(LATER), "deferred "],
    ["later, delay wanted, too soon to tell", settled(LATER, { row: row(["delay"]) }), "deferred "],
    ["later, delay wanted, time to tell", settled(LATER, { row: late }), "deferred delayed"],
    ["told already", settled(LATER, { row: { ...late, queuedAt: NOW - 5 * HOUR } }), "deferred "],
    ["too late", settled(LATER, { row: row(null, { expiresAt: NOW }) }), "failed failed"],
    [
      "stopped at the end of its time",
      settled(LATER, { row: row(null, { expiresAt: NOW }) }, { interrupted: true }),
      "deferred ",
    ],
  ];
  for (const [what, { text }, want] of table) assert.equal(text, want, what);
  const stopped = settled(ownTemporary("4.3.2", "stop"), {}, { interrupted: true }).outcome;
  assert.equal(stopped.outcome === "deferred" && stopped.dueAt, NOW);
});

Deno.test("settle() writes the journal in sentences", () => {
  const detail = (one: ReturnType<typeof settled>) => one.journal[0]?.detail;
  assert.equal(detail(settled(OK)), "Taken by mx.example in clear, it said: 250 2.0.0 ok");
  assert.match(detail(settled(OK, { tls: "TLSv1.3" }))!, /^Taken by mx\.example over TLSv1\.3, it said/);
  assert.equal(detail(settled(NO)), "Refused for good by mx.example, it said: 550 5.1.1 no");
  assert.match(
    detail(settled(LATER))!,
    /^Put off by mx\.example, tried again in \d+ seconds, it said: 450 4\.2\.0 later$/,
  );
  assert.equal(
    detail(settled(ownPermanent("5.1.2", "no domain"), { host: null })),
    "Refused for good, the reason: 554 5.1.2 no domain",
  );
  assert.equal(detail(settled(OK, { local: true })), undefined); // told by the routing
  assert.deepEqual([1000, 119_000, 120_000, 3 * HOUR, 120 * HOUR].map(duration), [
    "1 second",
    "119 seconds",
    "2 minutes",
    "3 hours",
    "5 days",
  ]);
});

const FACTS = { hostname: "mail.ours.example", localAddress: null, now: NOW, giveUpMs: 1000 };
const job = (prefix: string): QueueJob => ({
  traceId: "s1.1" as TraceId,
  domain: null,
  route: null,
  class: "normal",
  sender: SENDER,
  blobId: "b1" as BlobId,
  size: 10,
  prefix: new TextEncoder().encode(prefix),
  recipients: [],
  leaseUntil: NOW,
});

function local(address: string, size = 10) {
  const { result } = runProgram(
    deliverLocal(job(""), row(null, { recipient: recipient(address), size }), FACTS),
    directory,
  );
  const notice = result.notice;
  return `${result.result.kind} ${result.result.enhanced}` +
    (notice ? ` ${notice.deliveries.length} here ${notice.queued.length} on` : "");
}

Deno.test("deliverLocal() routes anew: delivered, forwarded, waiting, or returned", () => {
  assert.equal(local("bob@ours.example"), "delivered 2.0.0 1 here 0 on");
  assert.equal(local("away@ours.example"), "delivered 2.0.0 0 here 1 on");
  assert.equal(local("full@ours.example"), "temporary 4.2.2");
  assert.equal(local("full@ours.example", 1000), "permanent 5.2.2");
  assert.equal(local("both@ours.example"), "delivered 2.0.0 2 here 0 on"); // the full one waits by itself
  assert.match(local("nobody@ours.example"), /^permanent 5\.1\.1/);
  assert.match(local("bob@else.example"), /^permanent 5\.7\.1/); // no relay
});

Deno.test("transitFields() leaves out what one delivery added, and nothing else", () => {
  assert.equal(
    transitFields(job("Return-Path: <a@b>\r\nDelivered-To: x@y\r\nReceived: 1\r\n").prefix),
    "Received: 1\r\n",
  );
  assert.equal(transitFields(job("Return-Path:\r\n <a@b>\r\nReceived: 1\r\n").prefix), "Received: 1\r\n");
  assert.equal(transitFields(job("Received: 1\r\nDelivered-To: x\r\n").prefix), "Received: 1\r\nDelivered-To: x\r\n");
  assert.equal(transitFields(job("Return-Path: <a@b>").prefix), "");
});

Deno.test("routeNotice() goes to accounts and outside, and says where it cannot", () => {
  const route = (address: string) => {
    const envelope = { sender: { ...SENDER, reversePath: "" }, recipients: [recipient(address)] };
    const notice = { traceId: "r1.1" as TraceId, envelope, blobId: "b2" as BlobId, size: 10, about: "Report." };
    const { result } = runProgram(routeNotice(notice, FACTS), directory);
    return "refused" in result
      ? result.refused.enhanced
      : `${result.deliveries.length} ${result.queued.length} ${result.journal[0]!.detail}`;
  };
  assert.equal(route("alice@ours.example"), "1 0 Report.");
  assert.equal(route("ann@else.example"), "0 1 Report.");
  assert.equal(route("nobody@ours.example"), "5.1.1");
});
