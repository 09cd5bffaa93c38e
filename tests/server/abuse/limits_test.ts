import assert from "node:assert/strict";
import { encodeBase64 } from "../../../src/base/base64.ts";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { type TestServer, testServer, type TestServerOptions } from "../../../src/server/test_server.ts";

const RATES = { messagesPerHour: null, messagesPerDay: null, recipientsPerHour: null, recipientsPerDay: null };

function limited(abuse: NonNullable<NonNullable<TestServerOptions["config"]>["abuse"]>): Promise<TestServer> {
  return testServer({ config: { abuse } });
}

async function submission(server: TestServer, user = "alice") {
  const smtp = server.connect("submission", { tls: true });
  await smtp.until("220 ");
  await smtp.ask("EHLO x", "250 HELP");
  await smtp.ask(`AUTH PLAIN ${encodeBase64(utf8Bytes(`\0${user}@example.test\0${user}`))}`, "235");
  await smtp.line();
  return smtp;
}

Deno.test("an account that has sent its messages hears 451 with the limit, and may go on later", async () => {
  await using server = await limited({ account: { ...RATES, messagesPerHour: 2 } });
  const smtp = await submission(server);
  for (let n = 0; n < 2; n++) {
    assert.match(await smtp.ask("MAIL FROM:<alice@example.test>"), /^250/);
    assert.match(await smtp.ask("RSET"), /^250/);
  }
  assert.match(await smtp.ask("MAIL FROM:<nobody@example.test>"), /^553/); // what is refused anyway is not counted
  assert.match(
    await smtp.ask("MAIL FROM:<alice@example.test>"),
    /^451 4\.7\.1 alice@example\.test may send 2 messages within an hour here; try again in \d+ minutes$/,
  );
  const again = await submission(server); // another connection does not help, another person is not concerned
  assert.match(await again.ask("MAIL FROM:<alice@example.test>"), /^451/);
  assert.match(await (await submission(server, "bob")).ask("MAIL FROM:<bob@example.test>"), /^250/);
  const logged = server.logs.filter(({ event }) => event === "abuse.refused");
  assert.deepEqual(logged.map(({ fields }) => fields.reason), ["rate.account.messages", "rate.account.messages"]);
  const metrics = await (await server.admin("GET", "/metrics")).text();
  assert.match(metrics, /palomar_abuse_refused_total\{reason="rate\.account\.messages"\} 2\n/);
  await server.clock.advance(4 * 60_000); // the connections stay
  await server.clock.advance(2 * 3_600_000);
  const later = await submission(server);
  assert.match(await later.ask("MAIL FROM:<alice@example.test>"), /^250/);
});

Deno.test("recipients beyond an account's limit hear 450, and those before are served", async () => {
  await using server = await limited({ account: { ...RATES, recipientsPerDay: 2 } });
  const smtp = await submission(server);
  await smtp.ask("MAIL FROM:<alice@example.test>");
  for (let n = 0; n < 2; n++) assert.match(await smtp.ask(`RCPT TO:<x${n}@elsewhere.test>`), /^250/);
  assert.match(await smtp.ask("RCPT TO:<x3@elsewhere.test>"), /^450 4\.7\.1 .* 2 copies within a day/);
  assert.match(await smtp.ask("DATA"), /^354/);
  assert.match(await smtp.ask("Subject: x\r\n\r\nx\r\n."), /^250/);
});

Deno.test("a client is limited by address and by network; trusted ones are not", async () => {
  await using server = await limited({
    address: { ...RATES, messagesPerHour: 1 },
    network: { ...RATES, messagesPerHour: 2 },
    trusted: ["198.51.100.0/24"],
  });
  const mail = async (remoteAddress: string) => {
    const smtp = server.connect("smtp", { remoteAddress });
    await smtp.until("220 ");
    await smtp.ask("HELO x", "250");
    await smtp.line();
    const reply = await smtp.ask("MAIL FROM:<a@outside.test>");
    smtp.close();
    return reply.slice(0, 9);
  };
  assert.equal(await mail("192.0.2.1"), "250 2.1.0");
  assert.equal(await mail("192.0.2.1"), "451 4.7.1");
  assert.equal(await mail("192.0.2.2"), "250 2.1.0");
  assert.equal(await mail("192.0.2.3"), "451 4.7.1");
  for (let n = 0; n < 4; n++) assert.equal(await mail("198.51.100.1"), "250 2.1.0");
});

Deno.test("whoever tries names waits longer each time and is sent away; known names cost nothing", async () => {
  await using server = await limited({ probing: { free: 2, delay: "1s", longestDelay: "3s", disconnectAfter: 6 } });
  const smtp = server.connect("smtp");
  await smtp.until("220 ");
  await smtp.ask("HELO x", "250 mail");
  await smtp.line();
  await smtp.ask("MAIL FROM:<a@outside.test>");
  const waits: number[] = [];
  const probe = async (name: string): Promise<string> => {
    const began = server.clock.monotonic();
    let reply = "";
    const answer = smtp.ask(`RCPT TO:<${name}@example.test>`).then((line) => reply = line);
    for (let turns = 0; reply === "" && turns < 1000; turns++) {
      if (server.clock.sleeping > 0) await server.clock.advance(500);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await answer;
    waits.push(server.clock.monotonic() - began);
    return reply;
  };
  for (let n = 0; n < 5; n++) assert.match(await probe(`nobody${n}`), /^550 5\.1\.1/);
  assert.match(await probe("alice"), /^250/);
  assert.match(await probe("nobody6"), /^421 4\.7\.0 .*unknown recipients/);
  assert.deepEqual(waits, [0, 0, 1000, 2000, 3000, 0, 0]);
  await smtp.end();
  assert.ok(server.logs.some(({ event, fields }) => event === "abuse.refused" && fields.reason === "probing"));
});
