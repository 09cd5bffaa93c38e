import assert from "node:assert/strict";
import type { DkimFact, DmarcResult } from "../../src/mailauth/mod.ts";
import type { Authentication } from "../../src/mta/authenticate.ts";
import { receiveMail } from "../../src/mta/receive.ts";
import { isReportAddress, provenAuthor } from "../../src/mta/report_mail.ts";
import { verifyRecipient } from "../../src/mta/verify.ts";
import { message, peer, receiveArgs, recipient, SENDER } from "../mda/world_of_addresses.ts";
import type { Answers } from "../support/run_machine.ts";
import { argsOf, runProgram } from "../support/run_program.ts";

const POLICY = { hostname: "mx.ours.example", messageSize: 1000, maxHops: 100, giveUpMs: 1000, readReports: true };
const HEADER = "From: r@reporter.example\r\nSubject: Report Domain: Ours.example Submitter: x Report-ID: <1>\r\n";
const REPORTS = "dmarc-reports@ours.example";

function receive(
  to: readonly string[],
  answer: unknown,
  { header = HEADER, policy = {}, sender = "r@r.example" } = {},
) {
  const answers: Answers = { ...message(header), "report.receive": () => answer as never };
  const args = receiveArgs(peer("smtp"), ...to);
  const envelope = { ...args.envelope, sender: { ...SENDER, reversePath: sender } };
  return runProgram(receiveMail({ ...args, envelope }, { ...POLICY, ...policy }), answers);
}

Deno.test("a report is read before it is accepted, and written nowhere where nobody keeps it", () => {
  const run = receive([REPORTS], { read: ["A report came and was read."] });
  assert.deepEqual(run.result, { accepted: "s1.1", recipients: [null] });
  assert.deepEqual(argsOf(run.calls, "report.receive"), [
    { blobId: "b1", recipients: [REPORTS], author: "reporter.example", about: "ours.example" },
  ]);
  assert.deepEqual(argsOf(run.calls, "mail.accept"), []);
  const events = argsOf(run.calls, "journal.add")[0]!.entries.map(({ event, detail }) => [event, detail]);
  assert.deepEqual(events[1], ["report", "A report came and was read."]);
});

Deno.test("a report is delivered to whoever has a mailbox, read or not", () => {
  for (const answer of [{ read: ["read"] }, { unread: "damaged" }, { unread: "busy" }]) {
    const run = receive(["alice@ours.example", REPORTS], answer);
    assert.deepEqual(run.result, { accepted: "s1.1", recipients: [null, null] });
    assert.equal(argsOf(run.calls, "mail.accept")[0]!.deliveries.length, 1);
    assert.equal(argsOf(run.calls, "mail.accept")[0]!.journal.filter(({ event }) => event === "report").length, 1);
  }
});

Deno.test("what is no report has a reply that says so, never a bounce; a bounce has no reply", () => {
  const code = (answer: unknown, more = {}) => {
    const { result } = receive([REPORTS], answer, more);
    return "refused" in result ? `${result.refused.code} ${result.refused.enhanced}` : "taken";
  };
  const plain = { header: "From: r@reporter.example\r\nSubject: x\r\n" };
  assert.equal(code({ unread: "none" }, plain), "550 5.7.1");
  assert.equal(code({ unread: "busy" }), "451 4.3.2");
  assert.equal(code({ unread: "damaged" }), "550 5.6.0");
  assert.equal(code({ unread: "none" }, { ...plain, sender: "" }), "taken");
  assert.equal(code({ unread: "damaged" }, { sender: "" }), "550 5.6.0");
  assert.equal(code({}, { header: "Subject: Report Domain: ours.example\r\n" }), "550 5.7.1"); // from nobody
});

Deno.test("nobody is asked about mail that is no report, or where reports are not read", () => {
  const asked = (to: string, header: string, policy = {}) =>
    argsOf(receive([to], { unread: "none" }, { header, policy }).calls, "report.receive").length;
  assert.equal(asked("alice@ours.example", "From: a@b.example\r\nSubject: Report\r\n"), 0);
  assert.equal(asked("alice@ours.example", HEADER), 1);
  assert.equal(asked("alice@ours.example", HEADER, { readReports: false }), 0);
  const failure = "From: a@b.example\r\nContent-Type: Multipart/Report; boundary=b; Report-Type=feedback-report\r\n";
  assert.equal(asked("alice@ours.example", failure), 1);
  assert.equal(asked("alice@ours.example", failure.replace("feedback-report", "delivery-status")), 0);
});

Deno.test("RCPT takes addresses of reports that nobody has, of our domains alone", () => {
  const verify = (address: string, readReports = true) => {
    const args = { peer: peer("smtp"), sender: SENDER, recipient: recipient(address) };
    const { result } = runProgram(verifyRecipient(args, { ...POLICY, readReports }), message("Subject: x\r\n"));
    return "ok" in result;
  };
  for (const local of ["dmarc-reports", "TLS-Reports", "noreply-dmarc"]) {
    assert(verify(`${local}@ours.example`) && isReportAddress(`${local}@ours.example`), local);
    assert(!verify(`${local}@else.example`) && !verify(`${local}@ours.example`, false), local);
  }
  assert(!verify("dmarc-reports+x@ours.example") && !isReportAddress("x-dmarc-reports@ours.example"));
});

Deno.test("provenAuthor() believes DMARC, or without a policy what speaks for the same organization", () => {
  const found = (result: string, spf: string, dkim: readonly string[], domain: string | null = "mail.a.example") =>
    provenAuthor({
      dmarc: { result, domain } as DmarcResult,
      spf: { mailFrom: { result: spf === "" ? "none" : "pass", domain: spf } },
      dkim: dkim.map((domain): DkimFact => ({
        method: "dkim",
        result: "pass",
        domain,
        selector: null,
        identity: null,
      })),
    } as unknown as Authentication);
  const domain = { domain: "mail.a.example" };
  assert.deepEqual(found("pass", "", []), domain);
  assert.deepEqual(found("none", "", ["A.example"]), domain);
  assert.deepEqual(found("none", "bounce.a.example", []), domain);
  assert.deepEqual(found("none", "b.example", ["notexample"]), { unproven: "fails" });
  assert.deepEqual(found("fail", "a.example", ["a.example"]), { unproven: "fails" });
  assert.deepEqual(found("temperror", "", []), { unproven: "later" });
  assert.deepEqual(found("pass", "", [], null), { unproven: "fails" });
});
