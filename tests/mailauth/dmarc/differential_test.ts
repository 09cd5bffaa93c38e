/**
 * DMARC beside another implementation (`mailauth`), on generated cases. Where we differ on purpose:
 *
 * - A record whose policy is broken and that asks for no reports is `permerror` (RFC 8601 section 2.7.4, RFC 7489 section
 *   11.2: "a syntactically incorrect DMARC record"), there `none`. Nothing is done with the message in either.
 * - Several author domains are evaluated each (RFC 7489 section 6.6.1), there refused to be.
 * - A registry's record without `psd` does not make its customers one organization; `walk_test.ts` shows it, and no case
 *   here has such a record.
 */
import assert from "node:assert/strict";
import { dmarc } from "mailauth";
import { DMARC_OPTIONS, evaluateDmarc } from "../../../src/mailauth/dmarc/mod.ts";
import { headerFields } from "../../../src/message/header.ts";
import { runProgram } from "../../support/run_program.ts";
import { dnsOf, type Zone } from "./zone.ts";

type Oracle = { status: { result: string }; policy?: string; alignment?: Record<"spf" | "dkim", { result?: string }> };
const oracle = dmarc as unknown as (options: unknown) => Promise<Oracle | false>;

/** xorshift: the same cases each time. */
function generator(
  seed: number,
): { pick<T>(from: readonly T[]): T; chance(of: number): boolean; below(n: number): number } {
  let state = seed;
  const below = (n: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  return { below, pick: (from) => from[below(from.length)]!, chance: (of) => below(1000) < of * 1000 };
}
type Random = ReturnType<typeof generator>;

const SUFFIXES = ["com", "co.uk", "test"];
const NAMES = SUFFIXES.flatMap((suffix) => {
  const org = `example.${suffix}`;
  return [org, `other.${suffix}`, `m.${org}`, `a.m.${org}`, `b.m.${org}`, `u.${org}`, `${"d.".repeat(7)}${org}`];
});

function record(random: Random, psd: string | null): string {
  const { pick, chance } = random;
  const policies = ["none", "quarantine", "reject", "Reject", "banana", ""];
  const tags = ["v=DMARC1"];
  if (chance(0.9)) tags.push(`p=${pick(policies)}`);
  if (chance(0.3)) tags.push(`sp=${pick(policies)}`);
  if (chance(0.3)) tags.push(`np=${pick(policies)}`);
  if (chance(0.3)) tags.push(`adkim=${pick(["s", "r", "S", "x"])}`);
  if (chance(0.3)) tags.push(`aspf=${pick(["s", "r", "S", "x"])}`);
  if (chance(0.2)) tags.push(`t=${pick(["y", "n", "Y", "x"])}`);
  if (chance(0.2)) tags.push(`pct=${pick(["0", "50", "x"])}`);
  if (chance(0.3)) {
    tags.push(`rua=${pick(["mailto:a@b.test", "a@b.test", "https://x.test/,y", "mailto:a@b.test!10m", ","])}`);
  }
  if (psd !== null || chance(0.15)) tags.push(`psd=${psd ?? pick(["y", "n", "u", "Y", "x"])}`);
  if (chance(0.05)) tags.push(pick(["sp=none", "p=reject", "junk", "=x", "x="]));
  return tags.join(pick([";", "; ", " ;"])) + pick(["", ";", " ; "]);
}

function zoneOf(random: Random): Zone {
  const zone: Record<string, string[] | "exists" | "fails"> = {};
  for (const name of NAMES) {
    if (random.chance(0.5)) zone[name] = "exists";
    if (random.chance(0.02)) zone[name] = "fails";
    if (random.chance(0.4)) zone[`_dmarc.${name}`] = [record(random, null)];
    if (random.chance(0.05)) {
      zone[`_dmarc.${name}`] = [record(random, null), random.pick(["v=spf1 -all", record(random, null)])];
    }
    if (random.chance(0.03)) zone[`_dmarc.${name}`] = "fails";
  }
  for (const suffix of SUFFIXES) {
    if (random.chance(0.2)) zone[`_dmarc.${suffix}`] = [record(random, random.pick(["y", "n"]))];
  }
  return zone;
}

function resolverOf(zone: Zone): (name: string, type: string) => Promise<string[][]> {
  return (name, type) => {
    const answer = dnsOf(zone)({ name, type: type as "TXT" });
    if (answer.kind === "ok") {
      return Promise.resolve(answer.records.map((record) => record.type === "TXT" ? [record.text] : []));
    }
    const code = { nxdomain: "ENOTFOUND", nodata: "ENODATA", tempfail: "ESERVFAIL" }[answer.kind];
    return Promise.reject(Object.assign(new Error(code), { code }));
  };
}

Deno.test("evaluateDmarc() agrees with another implementation on 3,000 cases", async () => {
  const random = generator(9989);
  const seen = new Map<string, number>();
  for (let i = 0; i < 3000; i++) {
    const zone = zoneOf(random);
    const author = random.pick(NAMES);
    const spfDomain = random.chance(0.5) ? random.pick(NAMES) : null;
    const signers = Array.from({ length: random.below(4) }, () => random.pick(NAMES));
    const theirs = await oracle({
      headerFrom: [`x@${author}`],
      spfDomains: spfDomain === null ? [] : [{ domain: spfDomain }],
      dkimDomains: signers.map((domain) => ({ domain })),
      resolver: resolverOf(zone),
      strict: true,
    });
    const ours = runProgram(
      evaluateDmarc({
        fields: headerFields(`From: x@${author}\r\n`),
        spf: spfDomain === null ? null : { method: "spf", result: "pass", domain: spfDomain },
        dkim: signers.map((domain) => ({ method: "dkim", result: "pass", domain, selector: null, identity: null })),
      }, DMARC_OPTIONS),
      { "dns.resolve": dnsOf(zone) },
    ).result;
    assert(theirs !== false);
    const result = ours.result === "permerror" ? "none" : ours.result;
    const wanted = {
      result: theirs.status.result,
      disposition: theirs.status.result === "fail" ? theirs.policy : "none",
      spf: theirs.alignment?.spf.result !== undefined,
      dkim: theirs.alignment?.dkim.result !== undefined,
    };
    const got = { result, disposition: ours.disposition, spf: ours.spfAligned, dkim: ours.dkimAligned };
    assert.deepEqual(got, wanted, `case ${i}: ${author} ${spfDomain} ${signers} ${JSON.stringify(zone, null, 1)}`);
    const key = `${ours.result} ${ours.disposition}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  // The cases must be worth something.
  for (
    const key of [
      "pass none",
      "fail none",
      "fail quarantine",
      "fail reject",
      "none none",
      "temperror none",
      "permerror none",
    ]
  ) {
    assert((seen.get(key) ?? 0) >= 50, `${key}: ${seen.get(key)}`);
  }
});

Deno.test("evaluateDmarc() never passes a From that another implementation finds ambiguous, unless all its domains pass", async () => {
  const random = generator(5322);
  const domains = ["a.test", "b.test", "c.test"];
  const pieces = [
    "x@a.test",
    "<x@b.test>",
    "Jane <x@a.test>",
    "x@a.test@b.test",
    '"x@c.test"@a.test',
    "(c) x@a.test",
    "G: x@a.test;",
    "<@b.test:x@a.test>",
  ];
  let refused = 0;
  for (let i = 0; i < 1000; i++) {
    const list = Array.from({ length: 1 + random.below(3) }, () => random.pick(pieces));
    const signers = domains.filter(() => random.chance(0.6));
    const zone = Object.fromEntries(domains.map((name) => [`_dmarc.${name}`, ["v=DMARC1; p=reject"]]));
    const fields = headerFields(`From: ${list.join(", ")}\r\n`);
    const ours = runProgram(
      evaluateDmarc({
        fields,
        spf: null,
        dkim: signers.map((domain) => ({ method: "dkim", result: "pass", domain, selector: null, identity: null })),
      }),
      { "dns.resolve": dnsOf(zone) },
    ).result;
    const addresses = list.map((piece) =>
      /^(?:.*<(.*)>|G: (.*);|\(c\) (.*)|(.*))$/.exec(piece)!.slice(1).find(Boolean)!
    );
    const theirs = await oracle({
      headerFrom: addresses,
      spfDomains: [],
      dkimDomains: signers.map((domain) => ({ domain })),
      resolver: resolverOf(zone),
      strict: true,
    });
    const named = domains.filter((name) =>
      addresses.some((address) => address.replace(/^@.*:/, "").includes(`@${name}`))
    );
    assert.equal(ours.result, named.every((name) => signers.includes(name)) ? "pass" : "fail", list.join(", "));
    if (theirs === false) refused++;
    // A quoted "@" is one domain there and two here.
    else if (ours.result === "pass") assert.equal(theirs.status.result, "pass");
  }
  assert(refused > 100);
});
