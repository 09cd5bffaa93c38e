import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";

const ENABLED = { greylisting: { enabled: true } } as const;

async function rcpt(server: TestServer, remoteAddress: string, sender = "a@outside.test"): Promise<string> {
  const smtp = server.connect("smtp", { remoteAddress });
  await smtp.until("220 ");
  await smtp.ask("HELO mx.outside.test", "250 mail");
  await smtp.line();
  await smtp.ask(`MAIL FROM:<${sender}>`);
  const reply = await smtp.ask("RCPT TO:<alice@example.test>");
  smtp.close();
  return reply;
}

Deno.test("strangers are put off once, come back, and are known from then on, also from another address", async () => {
  await using server = await testServer({ config: { abuse: ENABLED } });
  assert.equal(
    await rcpt(server, "192.0.2.1"),
    "450 4.7.1 Your server is not known here yet; try again in 5 minutes",
  );
  await server.clock.advance(301_000);
  assert.match(await rcpt(server, "192.0.2.9"), /^250/);
  assert.match(await rcpt(server, "192.0.2.1", "new@outside.test"), /^250/);
  assert.match(await rcpt(server, "127.0.0.1"), /^250/);
  assert.ok(server.logs.some(({ event, fields }) => event === "abuse.refused" && fields.reason === "greylisted"));
});

Deno.test("whom SPF or an allow list vouches for is not put off", async () => {
  await using server = await testServer({
    config: { abuse: { ...ENABLED, lists: [{ name: "good.example", kind: "allow" }] } },
    dns: {
      "vouched.test": { TXT: [{ type: "TXT", text: "v=spf1 ip4:198.51.100.7 -all" }] },
      "1.113.0.203.good.example": { A: [{ type: "A", address: "127.0.0.1" }] },
    },
  });
  assert.match(await rcpt(server, "198.51.100.7", "a@vouched.test"), /^250/);
  assert.match(await rcpt(server, "198.51.100.8", "a@vouched.test"), /^450/);
  assert.match(await rcpt(server, "203.0.113.1"), /^250/);
});
