import assert from "node:assert/strict";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import type { DnsAnswer, DnsType } from "../../src/contract/mod.ts";
import type { AuthenticationPolicy } from "../../src/mta/policy.ts";
import { receiveMail } from "../../src/mta/receive.ts";
import { testKey } from "../mailauth/dkim/world.ts";
import { seal } from "../mailauth/arc/world.ts";
import { message, peer, receiveArgs } from "../mda/world_of_addresses.ts";
import type { Answers } from "../support/run_machine.ts";
import { argsOf, runProgram } from "../support/run_program.ts";

const AUTHENTICATION: AuthenticationPolicy = {
  dmarc: "enforce",
  spf: "mark",
  organization: "treewalk",
  trustedForwarders: ["lists.example"],
  isTrusted: (address) => address === "127.0.0.1",
};
const HEADER = "From: Ann <ann@else.example>\r\nTo: bob@ours.example\r\nSubject: x\r\n";

/** TXT records by name; all other questions have no answer. `down`: nothing answers. */
function zone(texts: Readonly<Record<string, string>>, down = false): Answers {
  return {
    "dns.resolve": ({ name, type }: { name: string; type: DnsType }): DnsAnswer => {
      if (down) return { kind: "tempfail", reason: "the test's DNS is down" };
      const text = type === "TXT" && Object.hasOwn(texts, name) ? texts[name]! : null;
      if (text === null) return { kind: "nxdomain", authenticated: false, ttl: 60 };
      return { kind: "ok", records: [{ type: "TXT", text }], canonicalName: name, authenticated: false, ttl: 60 };
    },
  };
}

interface Sent {
  readonly header?: string;
  readonly records?: Readonly<Record<string, string>>;
  readonly down?: boolean;
  readonly policy?: Partial<AuthenticationPolicy>;
  readonly protocol?: "smtp" | "lmtp";
  readonly address?: string;
  /** Behind the header, from a line on that is no field. */
  readonly hidden?: string;
}

/** The test's client is 192.0.2.1. */
function receive(
  { header = HEADER, records = {}, down = false, policy = {}, protocol = "smtp", address, hidden }: Sent,
) {
  const from = peer(protocol);
  const session = address === undefined ? from.session : { ...from.session, remoteAddress: address };
  const answers: Answers = {
    ...message(header),
    ...zone(records, down),
    "body.rewrite": ({ cut }) => ({ blobId: "rewritten" as never, size: 100 - (cut[0]!.end - cut[0]!.start) }),
  };
  const octets = latin1Bytes(`${header}${hidden ?? ""}\r\nHello\r\n`);
  if (hidden !== undefined) {
    answers["blob.index"] = () => ({ envelope: { from: [], sender: [] }, root: { bodyStart: header.length } }) as never;
  }
  answers["blob.read"] = ({ start, end }) => octets.slice(start, end);
  const args = { ...receiveArgs({ ...from, session }, "bob@ours.example"), size: octets.length };
  const common = { hostname: "mx.ours.example", messageSize: 10_000, maxHops: 100, giveUpMs: 1000 };
  const ran = runProgram(receiveMail(args, { ...common, authentication: { ...AUTHENTICATION, ...policy } }), answers);
  const [accept] = argsOf(ran.calls, "mail.accept");
  return { ...ran, accept, prefix: accept ? latin1String(accept.deliveries[0]!.prefix) : "" };
}

const SPF = { "else.example": "v=spf1 ip4:192.0.2.1 -all" };
const STRICT = { "_dmarc.else.example": "v=DMARC1; p=reject" };

Deno.test("mail that shows who it is from is marked so, above our Received field", () => {
  const { prefix, accept, result } = receive({ records: { ...SPF, ...STRICT } });
  assert.deepEqual(result, { accepted: "s1.1", recipients: [null] });
  const flat = prefix.replaceAll("\r\n\t", " ");
  assert.match(flat, /\r\nAuthentication-Results: mx\.ours\.example; spf=pass smtp\.mailfrom=else\.example; /);
  assert.match(flat, /; dkim=none; dmarc=pass header\.from=else\.example/);
  assert.match(flat, /; iprev=permerror reason="the address has no name" policy\.iprev=192\.0\.2\.1\r\nReceived: /);
  assert.deepEqual(accept!.deliveries[0]!.target, { role: "inbox" });
  const [, checked] = accept!.journal;
  assert.match(
    checked!.detail,
    /^Checked: spf pass \(else\.example\), .*dmarc pass \(else\.example\).* shown by SPF\.$/,
  );
});

Deno.test("what fails the policy of its author's domain is refused with the reason and an id, and nothing is stored", () => {
  const { result, accept, calls } = receive({ records: STRICT });
  assert.equal(accept, undefined);
  assert.ok("refused" in result);
  const { code, enhanced, text } = result.refused;
  assert.deepEqual([code, enhanced], [550, "5.7.1"]);
  assert.match(
    text,
    /^DMARC: Neither SPF nor DKIM shows that the message is from else\.example, and else\.example asks to reject such mail\. \(s1\.1\)$/,
  );
  const [journal] = argsOf(calls, "journal.add");
  assert.deepEqual(journal!.entries.map(({ event }) => event), ["checked", "refused"]);
});

Deno.test("quarantine is Junk, with the keyword that mail programs know", () => {
  const { accept } = receive({ records: { "_dmarc.else.example": "v=DMARC1; p=quarantine" } });
  assert.deepEqual(accept!.deliveries.map(({ target, flags }) => ({ target, flags })), [
    { target: { role: "junk" }, flags: ["$Junk"] },
  ]);
  assert.ok(
    accept!.journal.some(({ event, detail }) => event === "junk" && detail.startsWith("Put into Junk: Neither")),
  );
});

const SITES: readonly (readonly [policy: Partial<AuthenticationPolicy>, role: string])[] = [
  [{ dmarc: "quarantine" }, "junk"],
  [{ dmarc: "mark" }, "inbox"],
];
for (const [policy, role] of SITES) {
  Deno.test(`a site that says ${policy.dmarc} puts what should be refused into ${role}`, () => {
    const { accept, prefix } = receive({ records: STRICT, policy });
    assert.deepEqual(accept!.deliveries[0]!.target, { role });
    assert.match(prefix.replaceAll("\r\n\t", " "), / dmarc=fail /);
  });
}

Deno.test("a DNS that does not answer refuses nothing and is written down", () => {
  const { accept, prefix } = receive({ down: true, policy: { spf: "reject" } });
  assert.deepEqual(accept!.deliveries[0]!.target, { role: "inbox" });
  assert.match(prefix.replaceAll("\r\n\t", " "), /spf=temperror .* dmarc=temperror .* iprev=temperror/);
});

Deno.test("SPF alone refuses only where the site says so, and never what DMARC lets pass", () => {
  const records = { "else.example": "v=spf1 -all" };
  assert.ok(receive({ records }).accept);
  const { result } = receive({ records, policy: { spf: "reject" } });
  assert.ok("refused" in result);
  assert.equal(result.refused.enhanced, "5.7.23");
  // Forwarded: SPF fails for the forwarder, nothing else speaks for it, and the author's domain has no policy.
  assert.ok(receive({ records: {}, policy: { spf: "reject" } }).accept);
});

Deno.test("whoever is trusted, and LMTP, is not checked at all", () => {
  for (const sent of [{ address: "127.0.0.1" }, { protocol: "lmtp" as const }]) {
    const { calls, prefix } = receive({ ...sent, records: STRICT });
    assert.equal(argsOf(calls, "dns.resolve").length, 0);
    assert.doesNotMatch(prefix, /Authentication-Results/);
  }
});

Deno.test("fields that speak in our name are cut out, those of others stay", () => {
  const theirs = "Authentication-Results: other.example; dkim=pass\r\n";
  const ours = "Authentication-Results: MX.ours.example; dmarc=pass header.from=bank.example\r\n";
  const { calls, accept } = receive({ header: theirs + ours + HEADER, records: SPF });
  assert.deepEqual(argsOf(calls, "body.rewrite").map(({ cut }) => cut), [
    [{ start: theirs.length, end: theirs.length + ours.length }],
  ]);
  assert.equal(accept!.blobId, "rewritten");
});

Deno.test("a message that names no author, or several, does not come into INBOX", () => {
  for (const header of ["Subject: x\r\n", "From: a@b.example\r\nFrom: c@d.example\r\n"]) {
    const { accept } = receive({ header, records: SPF });
    assert.deepEqual(accept!.deliveries[0]!.target, { role: "junk" });
  }
});

Deno.test("a list that the site trusts may vouch for what it received, another may not", () => {
  const key = testKey("ed25519", "lists.example", "arc");
  const records = { ...STRICT, [key.name]: key.record };
  const sealedWith = (authenticationResults: string): string => {
    const made = seal(latin1Bytes(HEADER + "\r\nHello\r\n"), key, { authenticationResults });
    assert.ok("fields" in made);
    return made.fields + HEADER;
  };
  const honest = sealedWith("lists.example; dmarc=pass header.from=else.example");
  const { accept, prefix } = receive({ header: honest, records });
  assert.deepEqual(accept!.deliveries[0]!.target, { role: "inbox" });
  assert.match(prefix.replaceAll("\r\n\t", " "), / arc=pass .* dmarc=fail /);
  assert.ok("refused" in receive({ header: honest, records, policy: { trustedForwarders: [] } }).result);
  assert.ok("refused" in receive({ header: honest.replace("Subject: x", "Subject: y"), records }).result);
  for (const found of ["dmarc=fail header.from=else.example", "dmarc=pass header.from=bank.example", "none"]) {
    assert.ok("refused" in receive({ header: sealedWith(`lists.example; ${found}`), records }).result, found);
  }
});

Deno.test("fields behind a broken line, which lenient programs read, count as well", () => {
  const forged = "Authentication-Results: mx.ours.example; dmarc=pass header.from=else.example\r\n";
  const hidden = `this is no field\r\n${forged}From: boss@bank.example\r\n`;
  const { calls, accept, prefix } = receive({ hidden, records: { ...SPF, ...STRICT } });
  // Two authors: nobody knows which one a reader sees.
  assert.deepEqual(accept!.deliveries[0]!.target, { role: "junk" });
  assert.match(prefix.replaceAll("\r\n\t", " "), / dmarc=fail reason="The message has several From fields\."/);
  const start = HEADER.length + "this is no field\r\n".length;
  assert.deepEqual(argsOf(calls, "body.rewrite")[0]!.cut, [{ start, end: start + forged.length }]);
});
