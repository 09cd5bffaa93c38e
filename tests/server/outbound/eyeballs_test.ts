/** A host with several addresses of both families, of which not all work. */
import assert from "node:assert/strict";
import type { ScriptedZones } from "../../../src/dns/mod.ts";
import { ConnectError, openSocket } from "../../../src/net/connect.ts";
import { friendly, type House, house, peer } from "./house.ts";

const ZONES: ScriptedZones = {
  "there.example": { MX: [{ type: "MX", preference: 10, exchange: "mx.there.example" }] },
  "mx.there.example": {
    A: [{ type: "A", address: "127.0.0.1" }, { type: "A", address: "127.0.0.2" }],
    AAAA: [{ type: "AAAA", address: "::1" }],
  },
};
const empty = (home: House) => async () => (await home.rows()).length === 0;
const failure = (kind: ConnectError["kind"], code: string) =>
  new ConnectError(kind, "no", Object.assign(new Error(code), { code }));

/** What dialling an address does: `null` connects, in truth to 127.0.0.1. */
type Network = Readonly<Record<string, ConnectError | "silent" | null>>;

async function world(network: Network, script = friendly) {
  const there = await peer(script);
  const dialed: string[] = [];
  const given: string[] = [];
  const home = await house({
    zones: ZONES,
    policy: { port: there.port },
    parts: {
      dial: (options) => {
        const fate = network[options.host]!;
        dialed.push(options.host);
        if (fate === null) return openSocket({ ...options, host: "127.0.0.1" });
        if (fate !== "silent") return Promise.reject(fate);
        return new Promise((_, reject) =>
          options.signal!.addEventListener("abort", () => {
            given.push(options.host);
            reject(new ConnectError("unreachable", "given up"));
          })
        );
      },
      pause: () => Promise.resolve(),
    },
  });
  home.worker.start();
  return { there, home, dialed, given };
}

Deno.test("an address that says nothing does not keep the message from the one that answers", async () => {
  const { there, home, dialed, given } = await world({
    "127.0.0.1": "silent",
    "::1": failure("refused", "ECONNREFUSED"),
    "127.0.0.2": null,
  });
  const traceId = await home.send(["bob@there.example"]);
  await home.until("an empty queue", empty(home));
  assert.deepEqual(dialed, ["127.0.0.1", "::1", "127.0.0.2"]);
  assert.deepEqual(given, ["127.0.0.1"]);
  const { detail } = (await home.storage.perform("journal.read", { traceId }))[0]!;
  assert.match(detail, /^Taken by mx\.there\.example \(127\.0\.0\.2; ::1 refuses connections\) in clear, it said: 250/);
  assert.equal(there.heard.length, 1);
  await home.close();
  await there.close();
});

Deno.test("where no address answers the message waits, and the queue tells what each of them did", async () => {
  const { there, home } = await world({
    "127.0.0.1": failure("timeout", ""),
    "::1": failure("unreachable", "ENETUNREACH"),
    "127.0.0.2": failure("refused", "ECONNREFUSED"),
  });
  await home.send(["bob@there.example"]);
  await home.until("a deferred row", async () => (await home.rows())[0]?.attempts === 1);
  const text = "127.0.0.1 does not answer, ::1 cannot be reached, 127.0.0.2 refuses connections";
  assert.equal(
    (await home.rows())[0]!.lastReply,
    `451 4.4.1 mx.there.example (port ${there.port}) cannot be reached: ${text}`,
  );
  await home.close();
  await there.close();
});

Deno.test("a family that this machine has no way to is tried last for a while", async () => {
  const { there, home, dialed } = await world(
    {
      "127.0.0.1": failure("refused", "ECONNREFUSED"),
      "::1": failure("unreachable", "ENETUNREACH"),
      "127.0.0.2": null,
    },
    (verb, line) => verb === "." ? "421 4.3.2 One is enough" : friendly(verb, line),
  );
  await home.send(["bob@there.example"]);
  await home.until("a deferred row", async () => (await home.rows())[0]?.attempts === 1);
  home.now += 6 * 60_000; // a host is forgotten sooner than a family
  home.worker.wake();
  await home.until("two attempts", async () => (await home.rows())[0]?.attempts === 2);
  assert.deepEqual(dialed, ["127.0.0.1", "::1", "127.0.0.2", "127.0.0.1", "127.0.0.2", "::1"]); // last
  await home.close();
  await there.close();
});

Deno.test("an address that connects and then will not talk leaves the message to the others", async () => {
  let greetings = 0;
  const { there, home, dialed } = await world(
    { "127.0.0.1": null, "::1": null, "127.0.0.2": null },
    (verb, line) => verb === "EHLO" && ++greetings < 3 ? "421 4.3.2 Not here" : friendly(verb, line),
  );
  const traceId = await home.send(["bob@there.example"]);
  await home.until("an empty queue", empty(home));
  assert.equal(greetings, 3);
  assert.ok(dialed.length >= 3);
  const journal = await home.storage.perform("journal.read", { traceId });
  assert.deepEqual(journal.map(({ event }) => event), ["delivered"]);
  await home.close();
  await there.close();
});
