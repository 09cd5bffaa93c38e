/** `TLS-Required: No` (RFC 8689 section 5). */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { OTHER_TLSA, signedResolver, tlsPeer, zonesOf } from "./tls_peer.ts";

Deno.test("TLS-Required: No goes past a policy; the field in the body or with another word does not", async () => {
  const there = await tlsPeer({ certificate: null });
  const resolver = signedResolver(zonesOf(there.port, [OTHER_TLSA]));
  await using here = await testServer({
    parts: { resolver },
    config: { outbound: { port: there.port, privateExchanges: true } },
  });
  const alias = { address: "away@example.test", targets: ["bob@there.example"], now: 1 };
  await here.storage.perform("alias.add", alias);
  const texts = [
    "TLS-Required: No\nSubject: goes\n\nhello\n",
    "Subject: folded\nTLS-Required:\n  no\n\nhello\n",
    "Subject: stays\n\nTLS-Required: No\n",
    "Subject: stays\nTLS-Required: Yes\n\nhello\n",
    "Subject: stays\nTLS-Required: No\nTLS-Required: Yes\n\nhello\n",
  ];
  for (const text of texts) await here.deliver(text, alias.address);
  const rows = () => here.storage.perform("queue.list", { after: null, limit: 10 });
  for (let i = 0; i < 5000 && !(await rows()).every((row) => row.state === "ready" && row.attempts > 0); i++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.equal((await rows()).length, 3);
  assert.deepEqual(there.clear.filter((line) => line.startsWith("Subject")).sort(), [
    "Subject: folded",
    "Subject: goes",
  ]);
  await here.stop();
  await there.close();
});
