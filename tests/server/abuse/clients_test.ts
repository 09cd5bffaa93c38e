import assert from "node:assert/strict";
import { type TestServer, testServer, type TestServerOptions } from "../../../src/server/test_server.ts";

type Abuse = NonNullable<NonNullable<TestServerOptions["config"]>["abuse"]>;

const DNS: NonNullable<TestServerOptions["dns"]> = {
  "1.2.0.192.zen.example": {
    A: [{ type: "A", address: "127.0.0.4" }],
    TXT: [{ type: "TXT", text: "See https://zen.example/192.0.2.1" }],
  },
  "2.2.0.192.zen.example": { A: [{ type: "A", address: "127.0.0.2" }] },
  "2.2.0.192.good.example": { A: [{ type: "A", address: "127.0.0.1" }] },
  "3.2.0.192.zen.example": "servfail",
};
const LISTS = [{ name: "zen.example", codes: ["127.0.0.2-11"] }, { name: "good.example", kind: "allow" as const }];

async function mail(server: TestServer, remoteAddress: string, helo = "mx.outside.test", to = "alice") {
  const smtp = server.connect("smtp", { remoteAddress });
  await smtp.until("220 ");
  await smtp.ask(`HELO ${helo}`, "250 mail");
  await smtp.line();
  const sender = await smtp.ask("MAIL FROM:<a@outside.test>");
  const recipient = sender.startsWith("250") ? await smtp.ask(`RCPT TO:<${to}@example.test>`) : sender;
  smtp.close();
  return recipient;
}

const limited = (abuse: Abuse) => testServer({ dns: DNS, config: { abuse } });
const signals = (server: TestServer) =>
  server.logs.filter(({ event }) => event === "abuse.signal").map(({ fields }) => fields.signal);

Deno.test("a listed client is refused in the list's words; an allow list wins; silence never refuses", async () => {
  await using server = await limited({ lists: LISTS });
  assert.equal(
    await mail(server, "192.0.2.1"),
    "554 5.7.1 192.0.2.1 is listed at zen.example: See https://zen.example/192.0.2.1",
  );
  for (const address of ["192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8::1"]) {
    assert.match(await mail(server, address), /^250/, address);
  }
  // Whoever is refused by mistake can say so; and nobody learns from there who exists.
  assert.doesNotMatch(await mail(server, "192.0.2.1", "mx.outside.test", "Postmaster"), /^554/);
  assert.match(await mail(server, "192.0.2.1", "mx.outside.test", "nobody"), /^554 /);
  assert.deepEqual(signals(server).slice(0, 1), ["listed:zen.example"]);
  const refused = server.logs.filter(({ event }) => event === "abuse.refused");
  assert.deepEqual(refused.map(({ fields }) => fields.reason), ["listed", "listed"]);
});

Deno.test("being listed may be a signal only, or count only with others", async () => {
  await using signal = await limited({ lists: LISTS, listed: { action: "signal" } });
  assert.match(await mail(signal, "192.0.2.1"), /^250/);
  assert.deepEqual(signals(signal), ["listed:zen.example"]);
  await using heavy = await limited({ lists: LISTS, listed: { threshold: 2 } });
  assert.match(await mail(heavy, "192.0.2.1"), /^250/);
});

Deno.test("HELO with our name is a signal, and refused where that is wished; trusted clients are not looked at", async () => {
  await using lenient = await limited({});
  assert.match(await mail(lenient, "192.0.2.9", "mail.example.test"), /^250/);
  assert.match(await mail(lenient, "127.0.0.1", "mail.example.test"), /^250/);
  assert.deepEqual(signals(lenient), ["helo:ownName"]);
  await using strict = await limited({ clients: { heloRefuse: ["ownName"] } });
  assert.match(await mail(strict, "192.0.2.9", "mail.example.test"), /^550 5\.7\.1 You greeted with the name/);
  assert.match(await mail(strict, "192.0.2.9", "localhost"), /^250/);
});

Deno.test("a client without a name in the DNS is a signal", async () => {
  await using server = await limited({ clients: { reverseDns: true } });
  assert.match(await mail(server, "192.0.2.9"), /^250/);
  assert.deepEqual(signals(server), ["reverseDns"]);
});

Deno.test("the greeting waits for clients with bad signals, and whoever cannot wait is refused", async () => {
  await using server = await limited({
    lists: LISTS,
    listed: { action: "signal" },
    clients: { earlyTalkers: "refuse", greetingDelay: "5s" },
  });
  assert.match(await mail(server, "192.0.2.4"), /^250/); // at once
  const spam = server.connect("smtp", { remoteAddress: "192.0.2.1" });
  spam.send("EHLO spam\r\n");
  while (server.clock.sleeping === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(spam.pending, "");
  await server.clock.advance(5_000);
  assert.match(await spam.end(), /^554 5\.5\.1 Wait for the greeting/);
  const patient = server.connect("smtp", { remoteAddress: "192.0.2.1" });
  while (server.clock.sleeping === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  await server.clock.advance(5_000);
  assert.match(await patient.line(), /^220/);
});

Deno.test("sessions that no mail program has ban an address where that is wished", async () => {
  await using server = await limited({ ban: { protocolErrors: 2 } });
  for (let n = 0; n < 2; n++) {
    const browser = server.connect("smtp", { remoteAddress: "198.51.100.7" });
    await browser.until("220 ");
    browser.send("GET / HTTP/1.1\r\n\r\n");
    await browser.end();
  }
  const bans = server.logs.filter(({ event }) => event === "abuse.banned");
  assert.deepEqual(bans.map(({ fields }) => fields.reason), ["2 sessions that no mail program has within 1h"]);
});
