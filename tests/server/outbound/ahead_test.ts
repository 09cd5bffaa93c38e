/** A message whose commands go behind the end of the one before it, over the only connection that there may be. */
import assert from "node:assert/strict";
import { friendly, type House, house, peer, type Script, THERE } from "./house.ts";

const one = { connectionsPerDomain: 1 };
const empty = (home: House) => async () => (await home.rows()).length === 0;

/** A server that keeps its answer to the first dot until something comes behind it: `then` answers that. */
function patient(then: Script): Script {
  let dots = 0;
  let owed = false;
  return (verb, line) => {
    if (verb === "." && ++dots === 1) {
      owed = true;
      return null;
    }
    if (!owed) return friendly(verb, line);
    owed = false;
    return then(verb, line);
  };
}

Deno.test("the next message's commands come behind the end of the last, before its answer", async () => {
  const there = await peer(patient((verb, line) => `250 2.0.0 first\r\n${friendly(verb, line)}`));
  const home = await house({ zones: THERE, policy: { port: there.port, ...one } });
  for (let i = 0; i < 3; i++) await home.send([`bob${i}@there.example`]);
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.equal(there.heard.length, 1);
  assert.equal(there.transactions(), 3);
  await home.close();
  await there.close();
});

Deno.test("a connection that breaks with a message ahead puts off the one before it alone", async () => {
  let cuts = 0;
  const there = await peer(patient(() => {
    cuts++;
    there.cut();
    return null;
  }));
  const home = await house({ zones: THERE, policy: { port: there.port, ...one } });
  await home.send(["bob0@there.example"]);
  await home.send(["bob1@there.example"]);
  home.worker.start();
  await home.until("one deferred row", async () => {
    const rows = await home.rows();
    return rows.length === 1 && rows[0]!.attempts === 1;
  });
  assert.equal(cuts, 1);
  const [row] = await home.rows();
  assert.equal(row!.recipient.forwardPath, "bob0@there.example");
  assert.match(row!.lastReply ?? "", /after the end of the message/);
  assert.equal(there.heard.length, 2); // the second message went at once, over a connection of its own
  // From here on this server hears of a message when it has answered to the last.
  for (let i = 2; i < 5; i++) await home.send([`bob${i}@there.example`]);
  await home.until("the others have gone", async () => (await home.rows()).length === 1);
  assert.equal(there.heard.length, 2);
  await home.close();
  await there.close();
});

Deno.test("a server that stops gives back what was ahead, and what is in the air is put off", async () => {
  let ahead = false;
  const there = await peer((verb, line) => {
    ahead ||= verb === "MAIL" && there.transactions() === 2;
    return verb === "." || ahead ? null : friendly(verb, line);
  });
  const home = await house({ zones: THERE, policy: { port: there.port, ...one } });
  await home.send(["bob0@there.example"]);
  await home.send(["bob1@there.example"]);
  home.worker.start();
  await home.until("commands that are ahead", () => Promise.resolve(ahead));
  await home.worker.stop(20);
  const rows = await home.rows();
  assert.deepEqual(rows.map(({ recipient }) => recipient.forwardPath), ["bob0@there.example", "bob1@there.example"]);
  for (const { state, dueAt } of rows) assert.deepEqual([state, dueAt], ["ready", home.now]);
  await home.close();
  await there.close();
});

Deno.test("no connection is made for who began behind another, before there is room for it", async () => {
  let open = 0;
  const most: number[] = [];
  const there = await peer((verb, line) => {
    if (verb === "EHLO") most.push(++open);
    if (verb === ".") {
      open--;
      return "421 4.3.2 Going"; // each connection carries one message, which is put off
    }
    return friendly(verb, line);
  });
  const home = await house({ zones: THERE, policy: { port: there.port, ...one } });
  for (let i = 0; i < 4; i++) await home.send([`bob${i}@there.example`]);
  home.worker.start();
  await home.until("four attempts", async () => (await home.rows()).every(({ attempts }) => attempts === 1));
  assert.deepEqual(most, [1, 1, 1, 1]);
  await home.close();
  await there.close();
});
