/** Transports that a program brings along. */
import assert from "node:assert/strict";
import {
  createServer,
  demoConfig,
  type MailTransport,
  type TransportAnswer,
  type TransportMessage,
} from "../../../../mod.ts";
import { type House, house, relayTo } from "../house.ts";

const empty = (home: House) => async () => (await home.rows()).length === 0;
const PIGEON = relayTo(0, { host: "pigeon", protocol: "custom", transport: "pigeon" });

async function sent(
  transport: MailTransport,
  recipients: readonly string[],
  done: (home: House) => () => Promise<boolean>,
) {
  const home = await house({ policy: { relay: PIGEON }, parts: { transports: { pigeon: transport } } });
  home.worker.start();
  const traceId = await home.send(recipients);
  await home.until("the end of it", done(home));
  const journal = await home.storage.perform("journal.read", { traceId });
  const rows = await home.rows();
  await home.close();
  return { journal, rows };
}

Deno.test("a transport gets the message with its recipients and octets, and its words are in the journal", async () => {
  const got: { message: TransportMessage; octets: number }[] = [];
  const transport: MailTransport = {
    async send(message) {
      let octets = 0;
      for await (const piece of message.octets()) octets += piece.length;
      got.push({ message, octets });
      return { results: [{ kind: "delivered", text: "It flies" }] };
    },
  };
  const { journal } = await sent(transport, ["a@x.example", "b@x.example"], empty);
  assert.equal(got.length, 1);
  assert.equal(got[0]!.octets, got[0]!.message.size);
  assert.deepEqual(got[0]!.message.recipients.map(({ forwardPath }) => forwardPath), ["a@x.example", "b@x.example"]);
  const said = "Taken by pigeon over a transport of its own, it said: 250 2.0.0 It flies";
  assert.deepEqual(journal.map(({ detail }) => detail), [said, said]);
});

const WRONG: readonly (readonly [string, () => Promise<unknown>, RegExp])[] = [
  ["throws", () => Promise.reject(new Error("no wind\r\n250 ok")), /^451 4\.4\.2 no wind\?\?250 ok$/],
  ["rejects with nothing", () => Promise.reject(), /^451 4\.4\.2 undefined$/],
  ["has no result", () => Promise.resolve({ results: [] }), /^451 4\.4\.2 there is no result/],
  ["says what there is not", () => Promise.resolve({ results: [{ kind: "lost", text: "?" }] }), /^451 4\.0\.0 \?$/],
  [
    "has a code of another kind",
    () => Promise.resolve({ results: [{ kind: "temporary", code: 250, enhanced: "2.0.0", text: "x" }] }),
    /^451 4\.0\.0 x$/,
  ],
];
for (const [what, send, reply] of WRONG) {
  Deno.test(`a transport that ${what} is a temporary failure`, async () => {
    const transport = { send: send as () => Promise<TransportAnswer> };
    const { rows } = await sent(
      transport,
      ["a@x.example"],
      (home) => async () => (await home.rows())[0]?.attempts === 1,
    );
    assert.match(rows[0]!.lastReply!, reply);
  });
}

Deno.test("a server whose configuration names a transport that nobody brought does not start", async () => {
  const demo = demoConfig("./data");
  const config = {
    ...demo,
    storage: { ...demo.storage, driver: "memory" as const },
    listeners: [],
    outbound: { ...demo.outbound, relay: PIGEON },
  };
  const server = createServer(config);
  await assert.rejects(server.start(), /there is no transport "pigeon"/);
  await server.stop();
  const other = createServer(config, { transports: { pigeon: { send: () => Promise.resolve({ results: [] }) } } });
  await other.start();
  await other.stop();
});
