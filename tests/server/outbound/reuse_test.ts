/** One connection for several messages, and what its end means for the one that is next. */
import assert from "node:assert/strict";
import { friendly, type House, house, peer, relayTo, type Script, THERE } from "./house.ts";

const empty = (home: House) => async () => (await home.rows()).length === 0;
const say = (script: Partial<Record<string, string | null>>): Script => (verb, line) =>
  verb in script ? script[verb]! : friendly(verb, line);

async function sendOne(home: House, to = "bob@there.example") {
  await home.send([to]);
  await home.until("an empty queue", empty(home));
}

Deno.test("a connection that is done with its message takes the next one, without RSET", async () => {
  const there = await peer(friendly);
  const home = await house({ zones: THERE, policy: { port: there.port } });
  home.worker.start();
  for (let i = 0; i < 3; i++) await sendOne(home, `bob${i}@there.example`);
  assert.equal(there.heard.length, 1);
  assert.equal(there.transactions(), 3);
  assert.match(
    there.heard[0]!,
    /\r\n\.\r\nMAIL FROM:<alice@ours\.example>\r\nRCPT TO:<bob1@there\.example>\r\nDATA\r\n/,
  );
  assert.doesNotMatch(there.heard[0]!, /RSET/);
  await home.close();
  await home.until("goodbye", () => Promise.resolve(there.heard[0]!.endsWith("\r\n.\r\nQUIT\r\n")));
  await there.close();
});

Deno.test("RSET goes before the next MAIL where no message ended the last transaction", async () => {
  const there = await peer((verb, line) => line.includes("nobody") ? "550 5.1.1 No" : friendly(verb, line));
  // Without PIPELINING nobody is left to say DATA for.
  const plain: Script = (verb, line) => verb === "EHLO" ? "250 there" : friendly(verb, line);
  const slow = await peer((verb, line) => line.includes("nobody") ? "550 5.1.1 No" : plain(verb, line));
  for (const server of [there, slow]) {
    const home = await house({ zones: THERE, policy: { port: server.port } });
    home.worker.start();
    await sendOne(home, "nobody@there.example");
    await sendOne(home);
    assert.equal(server.heard.length, 1);
    if (server === slow) assert.match(server.heard[0]!, /RCPT TO:<nobody@there\.example>\r\nRSET\r\nMAIL FROM:/);
    await home.close();
    await server.close();
  }
});

Deno.test("a connection that the other side has closed meanwhile is no failure of the next message", async () => {
  const there = await peer(friendly);
  const home = await house({ zones: THERE, policy: { port: there.port } });
  home.worker.start();
  await sendOne(home);
  there.cut();
  const traceId = await home.send(["bob@there.example"]);
  await home.until("an empty queue", empty(home));
  assert.equal(there.transactions(), 2);
  assert.equal(there.heard.length, 2);
  const journal = await home.storage.perform("journal.read", { traceId });
  assert.deepEqual(journal.map(({ event }) => event), ["delivered"]);
  await home.close();
  await there.close();
});

Deno.test("421 in the second message's transaction sends it over a fresh connection at once, once", async () => {
  for (const verb of ["MAIL", "RCPT", "DATA"]) {
    let count = 0;
    const there = await peer((said, line) =>
      said === verb && ++count === 2 ? "421 4.7.0 Enough" : friendly(said, line)
    );
    const home = await house({ zones: THERE, policy: { port: there.port } });
    home.worker.start();
    await sendOne(home);
    const traceId = await home.send(["bob@there.example"]);
    await home.until("an empty queue", empty(home));
    assert.equal(there.heard.length, 2, verb);
    const journal = await home.storage.perform("journal.read", { traceId });
    assert.deepEqual(journal.map(({ event }) => event), ["delivered"], verb);
    assert.equal(there.heard.join("").split("\r\n.\r\n").length - 1, 2, verb); // two messages, each sent once
    await home.close();
    await there.close();
  }
});

Deno.test("what was sent to its final dot over a used connection is not sent again at once", async () => {
  let dots = 0;
  const there = await peer((verb, line) => verb === "." && ++dots === 2 ? "421 4.3.2 Going" : friendly(verb, line));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  home.worker.start();
  await sendOne(home);
  await home.send(["bob@there.example"]);
  await home.until("a deferred row", async () => (await home.rows())[0]?.attempts === 1);
  assert.equal(dots, 2);
  assert.equal(there.heard.length, 1);
  await home.close();
  await there.close();
});

Deno.test("a fresh connection that answers 421 puts the message off", async () => {
  const there = await peer(say({ MAIL: "421 4.7.0 Go away" }));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  home.worker.start();
  await home.send(["bob@there.example"]);
  await home.until("a deferred row", async () => (await home.rows())[0]?.attempts === 1);
  assert.equal(there.heard.length, 1);
  await home.close();
  await there.close();
});

Deno.test("what REQUIRETLS or a login asks of a connection, no other one is taken for", async () => {
  const there = await peer(friendly);
  const relay = relayTo(there.port);
  const home = await house({
    zones: THERE,
    policy: { port: there.port, routes: new Map([["by.example", relay]]) },
  });
  home.worker.start();
  await sendOne(home);
  await sendOne(home, "bob@by.example"); // the same address and port by another name
  assert.equal(there.heard.length, 2);
  await home.send(["bob@by.example"], { sender: { requireTls: true } });
  await home.until("a deferred row", async () => (await home.rows())[0]?.attempts === 1);
  assert.equal(there.heard.length, 3);
  await home.close();
  await there.close();
});

Deno.test("an idle connection on which the server speaks is left", async () => {
  const there = await peer((verb, line) => verb === "." ? "250 2.0.0 ok\r\n250 2.0.0 and more" : friendly(verb, line));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  home.worker.start();
  await sendOne(home);
  await sendOne(home);
  assert.equal(there.heard.length, 2);
  await home.close();
  await there.close();
});
