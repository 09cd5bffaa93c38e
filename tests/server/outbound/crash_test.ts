/** The process dies after any effect, a step of the queue or an octet on a connection; another one goes on. */
import assert from "node:assert/strict";
import type { Storage } from "../../../src/storage/storage.ts";
import { friendly, type House, house, peer, THERE } from "./house.ts";

/** Four messages; the last one goes to two domains behind the same exchanger, in one transaction. */
const MESSAGES = [["a@there.example"], ["b@there.example"], ["c@there.example"], ["d@there.example", "e@too.example"]];
const ZONES = { ...THERE, "too.example": THERE["there.example"]! };

/** Counts effects, and lets nothing happen from the chosen one on. */
class Cut {
  readonly #at: number;
  #count = 0;
  onDeath = (): void => {};

  constructor(at: number) {
    this.#at = at;
  }

  get dead(): boolean {
    return this.#count >= this.#at;
  }

  /** One more effect has happened. */
  tick(): void {
    if (this.dead) return;
    this.#count++;
    if (this.dead) this.onDeath();
  }
}

/** A store that a dead process cannot reach. Each question is an effect, before and after the store has heard it. */
function mortal(storage: Storage, cut: Cut, settled: Set<string>): Storage {
  const perform = async (op: string, args: never): Promise<unknown> => {
    cut.tick();
    if (cut.dead) throw new Error("dead");
    const answer = await storage.perform(op as "queue.settle", args);
    if (op === "queue.settle") { for (const { queueId } of (args as { outcomes: [] }).outcomes) settled.add(queueId); }
    cut.tick();
    if (cut.dead) throw new Error("dead");
    return answer;
  };
  return new Proxy(storage, {
    get: (target, key) => {
      if (key === "perform") return perform;
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** One life that ends at effect number `at`, and the next; whether the first one came to its end. */
async function twoLives(at: number): Promise<boolean> {
  const cut = new Cut(at);
  const arrived = new Map<string, number>();
  const settled = new Set<string>();
  let mails = 0;
  let to: string[] = [];
  const there = await peer((verb, line) => {
    cut.tick();
    if (verb === "MAIL" && ++mails === 3) return "421 4.7.0 Enough for one connection";
    if (verb === "MAIL") to = [];
    if (verb === "RCPT") to.push(line.slice(line.indexOf("<") + 1, line.indexOf(">")));
    if (verb === ".") { for (const recipient of to) arrived.set(recipient, (arrived.get(recipient) ?? 0) + 1); }
    const reply = friendly(verb, line);
    cut.tick();
    return reply;
  });
  cut.onDeath = () => there.cut();
  const home: House = await house({
    zones: ZONES,
    policy: { port: there.port, connectionsPerDomain: 1 },
    wrap: (storage) => mortal(storage, cut, settled),
  });
  for (const recipients of MESSAGES) await home.send(recipients);
  const ids = new Map((await home.rows()).map((row) => [row.recipient.forwardPath, row.queueId]));
  home.worker.start();
  await home.until("death or an empty queue", async () => cut.dead || (await home.rows()).length === 0);
  const survived = !cut.dead;
  await home.worker.stop(0);
  const done = new Set(settled);
  const second = home.another();
  second.start();
  home.now += 3 * 60_000; // the leases of the dead run out
  second.wake();
  await home.until("an empty queue", async () => {
    const rows = await home.rows();
    // The 421 may have met the first message of a connection, which is put off for it.
    if (rows.some((row) => row.state === "ready" && row.dueAt > home.now)) {
      home.now += 60_000;
      second.wake();
    }
    return rows.length === 0;
  });
  await second.stop(1000);
  let twice = 0;
  for (const recipient of MESSAGES.flat()) {
    const times = arrived.get(recipient) ?? 0;
    assert.ok(times >= 1, `${at}: ${recipient} never arrived`);
    if (done.has(ids.get(recipient)!)) assert.equal(times, 1, `${at}: ${recipient} was settled and sent again`);
    if (times > 1 && recipient !== "e@too.example") twice++; // e comes with d
    assert.ok(times <= 2, `${at}: ${recipient} arrived ${times} times`);
  }
  // Only what had its final dot sent and was not settled may come twice, and that is one message a connection.
  assert.ok(twice <= 1, `${at}: ${twice} messages came twice`);
  await home.close();
  await there.close();
  return survived;
}

Deno.test("a crash after any effect of a connection that carries several messages loses none and settles each once", async () => {
  let at = 1;
  while (!await twoLives(at)) at++;
  assert.ok(at > 40, `only ${at} effects`);
});
