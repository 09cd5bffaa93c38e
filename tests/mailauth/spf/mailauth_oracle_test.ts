/** Another implementation of RFC 7208, the package `mailauth` in its strict mode, judges the same generated records. */
import assert from "node:assert/strict";
import { spf } from "mailauth";
import { spfOfSession, type SpfQuery } from "../../../src/mailauth/mod.ts";
import { runProgram } from "../../support/run_program.ts";
import { generate } from "./records.ts";
import { answersOf, check, type Zone } from "./zone.ts";

const CASES = 4_000;

/** What of mailauth's answer is compared. */
interface Judged {
  readonly status: { readonly result: string };
  readonly explanation?: string;
  readonly lookups: { readonly count: number; readonly void: number };
}

/** The zone as mailauth wants to ask it: values, or an error with a code. */
async function judge(zone: Zone, query: SpfQuery): Promise<Judged> {
  const { "dns.resolve": resolve } = answersOf(zone);
  const resolver = (name: string, type: "A" | "AAAA" | "MX" | "TXT" | "PTR") => {
    const answer = resolve({ name, type });
    if (answer.kind !== "ok") {
      const code = { nxdomain: "ENOTFOUND", nodata: "ENODATA", tempfail: "ETIMEOUT" }[answer.kind];
      return Promise.reject(Object.assign(new Error(code), { code }));
    }
    return Promise.resolve(answer.records.map((record) => {
      if (record.type === "TXT") return [record.text];
      if (record.type === "MX") return { priority: record.preference, exchange: record.exchange };
      return "address" in record ? record.address : "name" in record ? record.name : null;
    }));
  };
  const { sender, address: ip, helo, receiver } = query;
  const options = { sender, ip, helo, mta: receiver, resolver, strict: true };
  return await spf(options as never) as unknown as Judged;
}

Deno.test(`checkHost() and mailauth agree on ${CASES} generated checks: result, explanation, lookups`, async () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < CASES; seed++) {
    const { zone, query } = generate(seed);
    const ours = check(zone, query);
    const theirs = await judge(zone, query);
    const story = `seed ${seed}: ${JSON.stringify(query)} ${JSON.stringify(zone)}\n${ours.why}`;
    assert.equal(ours.result, theirs.status.result, story);
    assert.equal(ours.explanation, theirs.explanation ?? null, story);
    // Errors end us earlier (loops), and a name that cannot be asked for counts as a term with us.
    const countable = ours.matched !== null &&
      !Object.values(zone).flat().some((line) => /^TXT v=spf1.*(%|[:=.]\.)/i.test(line));
    if (countable) {
      assert.deepEqual([ours.lookups.terms, ours.lookups.voids], [theirs.lookups.count, theirs.lookups.void], story);
    }
    seen.set(ours.result, (seen.get(ours.result) ?? 0) + 1);
    if (countable) seen.set("counted", (seen.get("counted") ?? 0) + 1);
    if (ours.explanation !== null) seen.set("explained", (seen.get("explained") ?? 0) + 1);
  }
  // The generator is worth something only while it reaches every result often.
  for (
    const result of ["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror", "counted", "explained"]
  ) {
    assert.ok((seen.get(result) ?? 0) >= CASES / 100, `${result}: ${seen.get(result)}`);
  }
});

Deno.test("checkHost() differs from mailauth on purpose here, and only so", async () => {
  const table: [why: string, zone: Record<string, string[]>, query: Partial<SpfQuery>, ours: string, theirs: string][] =
    [
      [
        "section 4.6.4 limits the number of terms, whether a name can be asked for or not",
        { "example.com": [`TXT v=spf1 ${"a:x..example.org ".repeat(11)}-all`] },
        {},
        "permerror",
        "fail",
      ],
      [
        "section 5.4: an MX host that is no name has no address; that is no error of the record",
        { "example.com": ["TXT v=spf1 mx -all", "MX 1 x..example.org"] },
        {},
        "fail",
        "permerror",
      ],
      [
        "section 4.3 forbids what DNS cannot hold; it can hold underscores",
        { "_x.example.com": ["TXT v=spf1 +all"] },
        { domain: "_x.example.com" },
        "pass",
        "none",
      ],
      [
        "section 2.6.1: without an address there is nobody to authorise; trying again would not help",
        { "example.com": ["TXT v=spf1 +all"] },
        { address: "local" },
        "none",
        "temperror",
      ],
      [
        "section 3.4: a record that long is nobody's policy",
        { "example.com": [`TXT v=spf1 ${"ip4:10.0.0.1 ".repeat(2_000)}-all`] },
        {},
        "permerror",
        "fail",
      ],
    ];
  for (const [why, zone, query, ours, theirs] of table) {
    const domain = query.domain ?? "example.com";
    const whole = {
      address: "192.0.2.3",
      domain,
      sender: `alice@${domain}`,
      helo: "mx.test",
      receiver: "mx.test",
      ...query,
    };
    assert.equal(check(zone, whole).result, ours, why);
    assert.equal((await judge(zone, whole)).status.result, theirs, why);
  }
});

Deno.test("spfOfSession() finds for MAIL FROM what mailauth finds for the same session", async () => {
  for (let seed = 50_000; seed < 50_300; seed++) {
    const { zone, query } = generate(seed);
    const { address, helo, sender } = query;
    const session = { address, helo, reversePath: sender, receiver: "mx.test" };
    const { result } = runProgram(spfOfSession(session), answersOf(zone));
    assert.equal(result.mailFrom.result, (await judge(zone, query)).status.result, `seed ${seed}`);
  }
});
