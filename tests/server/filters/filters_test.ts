import assert from "node:assert/strict";
import { encodeBase64 } from "../../../src/base/base64.ts";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import type { ContentFilter, FilterMessage, FilterVerdict } from "../../../mod.ts";
import { testServer } from "../../../src/server/test_server.ts";

const filter = (
  name: string,
  check: (message: FilterMessage) => FilterVerdict | Promise<FilterVerdict>,
): ContentFilter => ({
  name,
  check: (message) => Promise.resolve(check(message)),
});
const yes: FilterVerdict = { action: "accept" };

Deno.test("a filter sees session, envelope and octets, and its fields are in the message", async () => {
  let seen: unknown = null;
  const look = filter("look", async (message) => {
    const { peer, envelope, size, bodyStart } = message;
    const body = new TextDecoder().decode(await message.read(bodyStart, size + 1000));
    seen = [peer.session.remoteAddress, peer.helo, envelope.recipients[0]?.forwardPath, body, message.signals];
    return { action: "accept", fields: [{ name: "X-Look", value: "fine\r\nBcc: x" }] };
  });
  await using server = await testServer({ parts: { filters: [look] } });
  await server.deliver("Subject: hello\n\nHi", "alice@example.test");
  assert.deepEqual(seen, ["192.0.2.1", "client.outside.test", "alice@example.test", "Hi\r\n", []]);
  const pop = server.connect("pop3");
  await pop.until("+OK");
  await pop.ask("USER alice@example.test", "+OK");
  await pop.ask("PASS alice", "+OK");
  assert.match(await pop.ask("RETR 1", "\r\n.\r\n"), /\r\nX-Look: fine Bcc: x\r\nSubject: hello\r\n/);
  const metrics = await (await server.admin("GET", "/metrics")).text();
  assert.match(metrics, /palomar_filter_verdicts_total\{action="accept"\} 1\n/);
});

Deno.test("the first filter that refuses decides, and nobody behind it is asked", async () => {
  let asked = 0;
  const no = filter(
    "no",
    ({ envelope }) =>
      envelope.sender.reversePath === "spam@outside.test"
        ? { action: "reject", refusal: { code: 554, enhanced: "5.7.7", text: "Not\r\n250 here" } }
        : envelope.sender.reversePath === "wrong@outside.test"
        ? { action: "reject", refusal: { code: 250, enhanced: "2.0.0", text: "Ok" } }
        : yes,
  );
  await using server = await testServer({ parts: { filters: [no, filter("count", () => (asked++, yes))] } });
  await server.deliver("x", "alice@example.test");
  await assert.rejects(server.deliver("x", "alice@example.test", "spam@outside.test"), {
    message: "554 5.7.7 Not 250 here",
  });
  await assert.rejects(server.deliver("x", "alice@example.test", "wrong@outside.test"), { message: /^550 5\.7\.1/ });
  assert.equal(asked, 1);
});

Deno.test("a filter that throws or never ends puts the message off, or lets it pass where it says so", async () => {
  const never = (onFailure?: "accept"): ContentFilter => ({
    name: "never",
    timeoutMs: 20,
    ...(onFailure ? { onFailure } : {}),
    check: (_message, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("x")))),
  });
  const broken: ContentFilter = { name: "broken", check: () => Promise.reject(new Error("out of order")) };
  for (const one of [never(), broken]) {
    await using server = await testServer({ parts: { filters: [one] } });
    await assert.rejects(server.deliver("x", "alice@example.test"), { message: /^451 4\.7\.1/ });
  }
  await using lenient = await testServer({ parts: { filters: [never("accept")] } });
  await lenient.deliver("x", "alice@example.test");
});

Deno.test("submitted mail is filtered too, and quarantine there is no Junk for others", async () => {
  const judge = filter(
    "judge",
    ({ peer }) =>
      peer.login === null ? yes : { action: "quarantine", reason: "odd", fields: [{ name: "X-Judge", value: "odd" }] },
  );
  await using server = await testServer({ parts: { filters: [judge] }, config: { outbound: { hold: true } } });
  const smtp = server.connect("submission", { tls: true });
  await smtp.until("220 ");
  await smtp.ask("EHLO x", "250 HELP");
  await smtp.ask(`AUTH PLAIN ${encodeBase64(utf8Bytes("\0alice@example.test\0alice"))}`, "235");
  await smtp.line();
  await smtp.ask("MAIL FROM:<alice@example.test>", "250");
  await smtp.ask("RCPT TO:<x@elsewhere.test>", "250");
  await smtp.ask("DATA", "354");
  await smtp.ask("Subject: x\r\n\r\nx\r\n.", "250 2.0.0");
  const [row] = await server.storage.perform("queue.list", { after: null, limit: 1 });
  assert.equal(row?.recipient.forwardPath, "x@elsewhere.test");
});
