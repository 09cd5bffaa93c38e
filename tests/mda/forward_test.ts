import assert from "node:assert/strict";
import { latin1String } from "../../src/base/bytes.ts";
import { Secret } from "../../src/base/secret.ts";
import type { EnvelopeRecipient } from "../../src/contract/mod.ts";
import { forwardedSender, planMail, type PlanRequest, routeRecipient, trueSender } from "../../src/mda/mod.ts";
import type { Answers } from "../support/run_machine.ts";
import { argsOf, runProgram } from "../support/run_program.ts";
import { alias, directory, NOW, recipient, resolve, SENDER } from "./world_of_addresses.ts";

const DAY = 24 * 3600_000;
const OPTIONS = { hostname: "mx.ours.example", localAddress: null };

function rewritten(reversePath: string, srs = true, answers: Answers = directory): string {
  const program = forwardedSender({ ...SENDER, reversePath }, "away@ours.example", { srs }, NOW);
  return runProgram(program, answers).result.reversePath;
}

/** Where a report to the address goes, from this sender and after these days. */
function back(address: string, reversePath: string | null = "", days = 0, more: Answers = {}): string {
  const answers = { ...directory, "clock.now": () => NOW + days * DAY, ...more };
  const options = reversePath === null ? OPTIONS : { ...OPTIONS, reversePath };
  const { routes, problems } = runProgram(routeRecipient(address, options), answers).result;
  const [route] = routes;
  return route ? `${route.kind} ${route.address}` : problems.map(({ kind }) => kind).join(" ");
}

Deno.test("forwardedSender() is an address of the alias's domain that leads back to the sender", () => {
  const made = rewritten("ann@else.example");
  assert.match(made, /^SRS0=[a-z2-7]{8}=[a-z2-7]{2}=else\.example=ann@ours\.example$/);
  assert.equal(back(made), "remote ann@else.example");
  assert.equal(back(made.toLowerCase()), "remote ann@else.example");
  assert.equal(back(made, "", 21), "remote ann@else.example");
});

Deno.test("forwardedSender() leaves the null sender, senders of ours and what no SRS is wished for", () => {
  assert.equal(rewritten(""), "");
  assert.equal(rewritten("alice@ours.example"), "alice@ours.example");
  assert.equal(rewritten("ann@else.example", false), "ann@else.example");
  assert.equal(rewritten("postmaster"), "postmaster");
});

Deno.test("forwardedSender() of a sender that another rewrote leads back to that one", () => {
  const made = rewritten("SRS0=hhhh=tt=far.example=zoe@else.example");
  assert.match(made, /^SRS1=[a-z2-7]{8}=else\.example==hhhh=tt=far\.example=zoe@ours\.example$/);
  assert.equal(back(made), "remote SRS0=hhhh=tt=far.example=zoe@else.example");
});

Deno.test("forwardedSender() has the store keep a sender that is too long for an address", () => {
  const long = `${"x".repeat(60)}@else.example`;
  const kept = new Map<string, string>();
  const store: Answers = {
    ...directory,
    "forwarding.remember": ({ key, address }) => (kept.set(key, address), true),
    "forwarding.recall": ({ key }) => kept.get(key) ?? null,
  };
  const made = rewritten(long, true, store);
  assert.ok(made.indexOf("@") <= 64);
  assert.equal(back(made, "", 0, store), `remote ${long}`);
  kept.clear();
  assert.equal(back(made, "", 0, store), "expired");
});

Deno.test("a rewritten sender takes nothing but reports, and nothing that was not made here and lately", () => {
  const made = rewritten("ann@else.example");
  assert.equal(back(made, "spammer@else.example"), "notReport");
  assert.equal(back(made, null), "notReport"); // who does not say who writes is not believed
  assert.equal(back(made, "", 22), "expired");
  assert.equal(back(made.replace("=ann", "=eve")), "notOurs");
  assert.equal(back(made.replace("else.example", "evil.example")), "notOurs");
  assert.equal(back(made, "", 0, { "forwarding.keys": () => [new Secret(new Uint8Array(32))] }), "notOurs");
  for (const junk of ["SRS0=", "SRS0==", "SRS0=a=b=c", "SRS1=a=b", "SRS0=" + "=".repeat(50), "srs0+x-y"]) {
    assert.equal(back(`${junk}@ours.example`), "notOurs", junk);
  }
  // At other domains it is nobody's business but theirs, and no relay.
  assert.equal(back(made.replace("@ours", "@other")), `remote ${made.replace("@ours", "@other")}`);
});

Deno.test("a domain that takes mail for unknown names still passes reports back", () => {
  const made = rewritten("ann+tag@else.example");
  const catchAll: Answers = {
    "address.resolve": (args) => {
      const found = resolve(args);
      return found.kind === "unknown" ? alias("@ours.example", "bob@ours.example") : found;
    },
  };
  assert.equal(back(made, "", 0, catchAll), "remote ann+tag@else.example");
  assert.equal(back(made, "x@else.example", 0, catchAll), "notReport");
  assert.equal(back("srs0@ours.example", "", 0, catchAll), "account bob@ours.example");
});

Deno.test("trueSender() is whom a report is for", () => {
  const of = (text: string) => runProgram(trueSender(text), directory).result;
  assert.equal(of(rewritten("ann@else.example")), "ann@else.example");
  for (const other of ["ann@else.example", "", "SRS0=a=b=c=d@else.example", "SRS0=a=b=c=d@ours.example"]) {
    assert.equal(of(other), other);
  }
});

function plan(to: string, more: Partial<PlanRequest> = {}) {
  const request: PlanRequest = {
    ...OPTIONS,
    envelope: { sender: SENDER, recipients: [recipient(to)] },
    size: 10,
    fields: "Received: x\r\n",
    relay: false,
    deliveredTo: new Set(),
    now: NOW,
    giveUpMs: 1000,
    ...more,
  };
  const mixed: Answers = {
    ...directory,
    "address.resolve": (args) =>
      args.address === "keep@ours.example"
        ? alias("keep@ours.example", "bob@ours.example", "ann@else.example")
        : resolve(args),
  };
  return runProgram(planMail(request), mixed);
}

Deno.test("planMail() gives what it forwards a sender of its own and keeps the recipient known (RFC 3461)", () => {
  const { result } = plan("away@ours.example");
  const [entry] = result.queued;
  assert.match(entry!.sender!.reversePath, /^SRS0=.*=else\.example=ann@ours\.example$/);
  assert.deepEqual({ ...entry!.sender, reversePath: "" }, { ...SENDER, reversePath: "" });
  assert.deepEqual(entry!.recipient, {
    forwardPath: "Ann@else.example",
    notify: null,
    orcpt: "rfc822;away@ours.example",
  });
  assert.equal(latin1String(entry!.prefix), "Delivered-To: away@ours.example\r\nReceived: x\r\n");
  assert.match(result.journal[0]!.detail, /forwarded by away@ours\.example as <SRS0=.*@ours\.example>\.$/);
});

Deno.test("planMail() gives each recipient elsewhere a sender that names it, where VERP is wished for", () => {
  const sender = { ...SENDER, reversePath: "list@ours.example", verp: true } as const;
  const long = `${"x".repeat(50)}@there.example`;
  const recipients = [recipient("zoe@there.example"), recipient("bob@ours.example"), recipient(long)];
  const { result } = plan("", { envelope: { sender, recipients }, relay: true });
  assert.deepEqual(result.queued.map((entry) => entry.sender), [
    { ...SENDER, reversePath: "list+zoe=there.example@ours.example" },
    undefined, // it does not fit: the plain sender has to do
  ]);
});

Deno.test("planMail() asks for no keys where nothing is forwarded", () => {
  assert.deepEqual(argsOf(plan("bob@ours.example").calls, "forwarding.keys"), []);
  const ours = {
    sender: { ...SENDER, reversePath: "alice@ours.example" },
    recipients: [recipient("away@ours.example")],
  };
  const { result, calls } = plan("", { envelope: ours });
  assert.deepEqual(argsOf(calls, "forwarding.keys"), []);
  assert.equal(result.queued[0]!.sender, undefined);
});

Deno.test("planMail() keeps what may not be forwarded for those who are here, and else refuses it with words", () => {
  const mayForward = { allowed: false, why: "it fails DMARC" } as const;
  const kept = plan("keep@ours.example", { mayForward }).result;
  assert.deepEqual(kept.deliveries.map((one) => one.recipient), ["bob@ours.example"]);
  assert.deepEqual([kept.queued, kept.results], [[], [null]]);
  assert.match(kept.journal[0]!.detail, /ann@else|A target of keep@ours\.example is left out: .*it fails DMARC\.$/);
  const refused = plan("away@ours.example", { mayForward }).result;
  assert.equal(refused.results[0]!.enhanced, "5.7.1");
  assert.match(refused.results[0]!.text, /it fails DMARC$/);
  assert.deepEqual([...refused.untold], [0]);
  assert.deepEqual(refused.queued, []);
});

Deno.test("planMail() reports an alias with several targets, and asks them for no report of success (RFC 3461)", () => {
  const to: EnvelopeRecipient = { forwardPath: "keep@ours.example", notify: ["success", "failure"], orcpt: null };
  const { deliveries, queued } = plan("", { envelope: { sender: SENDER, recipients: [to] } }).result;
  const [expanded, forwarded] = queued;
  assert.deepEqual([expanded!.report, expanded!.recipient, expanded!.domain], ["expanded", to, null]);
  assert.deepEqual([forwarded!.report, forwarded!.recipient.notify], [undefined, ["failure"]]);
  assert.deepEqual(deliveries.map(({ serves }) => serves), [[{ ...to, notify: ["failure"] }]]);
  const silent = { ...to, notify: ["delay"] as const };
  const unasked = plan("", { envelope: { sender: SENDER, recipients: [silent] } }).result;
  assert.deepEqual(unasked.queued.map(({ report }) => report), [undefined]);
  assert.deepEqual(unasked.deliveries[0]!.serves, [silent]);
  const sender = { ...SENDER, reversePath: "" };
  const report = plan("", { envelope: { sender, recipients: [to] } }).result;
  assert.deepEqual(report.queued.map(({ report }) => report), [undefined]);
});

Deno.test("planMail() keeps what is asked of a mailbox that two recipients lead to; junk gets no report of success", () => {
  const bob = { ...recipient("bob@ours.example"), notify: ["success"] as const };
  const recipients = [bob, { ...bob, orcpt: "rfc822;bobby@else.example" }];
  const { deliveries } = plan("", { envelope: { sender: SENDER, recipients } }).result;
  assert.deepEqual(deliveries.map(({ serves }) => serves), [recipients]);
  const junk = plan("", { envelope: { sender: SENDER, recipients: [bob] }, junk: true }).result;
  assert.deepEqual(junk.deliveries[0]!.serves, [{ ...bob, notify: [] }]);
});
