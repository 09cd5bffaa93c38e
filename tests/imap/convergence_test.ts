/**
 * Several sessions change one mailbox at once, each followed by a client that believes only what it is told. In the
 * end all of them know what the store knows.
 */
import assert from "node:assert/strict";
import { cuts } from "./cuts.ts";
import { type Client, House } from "./house.ts";

interface Known {
  uid: number | null;
  flags: string | null;
}

/** A client's picture of the mailbox, by sequence number. */
class Follower {
  readonly client: Client;
  readonly known: Known[] = [];
  idle = false;
  #rest = "";

  constructor(client: Client) {
    this.client = client;
  }

  async follow(): Promise<void> {
    const lines = (this.#rest + await this.client.receive()).split("\r\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#read(line);
  }

  #read(line: string): void {
    assert.ok(!/^\S+ BAD/.test(line), line);
    const news = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)/.exec(line);
    if (!news) return;
    const number = Number(news[1]);
    if (news[2] === "EXISTS") {
      assert.ok(number >= this.known.length, "EXISTS never takes messages away");
      while (this.known.length < number) this.known.push({ uid: null, flags: null });
      return;
    }
    assert.ok(number >= 1 && number <= this.known.length, `${line}: the client knows ${this.known.length}`);
    if (news[2] === "EXPUNGE") this.known.splice(number - 1, 1);
    else {
      const known = this.known[number - 1]!;
      const uid = /UID (\d+)/.exec(line)?.[1];
      if (uid !== undefined) {
        assert.ok(known.uid === null || known.uid === Number(uid), `${line}: it was ${known.uid}`);
        known.uid = Number(uid);
      }
      const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
      if (flags !== undefined) known.flags = sorted(flags);
    }
  }
}

function sorted(flags: string): string {
  return flags.split(" ").sort().join(" ");
}

function command(next: () => number, count: number): string {
  const some = `${1 + next() % Math.max(1, count)}`;
  switch (next() % 10) {
    case 0:
    case 1:
      return "APPEND INBOX {2+}\r\nhi";
    case 2:
      return count > 0 ? `STORE ${some} +FLAGS (\\Deleted)` : "NOOP";
    case 3:
      return count > 0 ? `STORE ${some} +FLAGS.SILENT (\\Flagged $x${next() % 3})` : "NOOP";
    case 4:
      return count > 0 ? `STORE 1:${some} -FLAGS (\\Flagged \\Seen)` : "NOOP";
    case 5:
      return "EXPUNGE";
    case 6:
      return count > 0 ? `FETCH ${some} (UID BODY[])` : "NOOP";
    case 7:
      return `UID MOVE ${1 + next() % 60} ${next() % 2 ? "INBOX" : "Trash"}`;
    case 8:
      return count > 0 ? `COPY ${some} INBOX` : "NOOP";
    default:
      return "NOOP";
  }
}

async function converge(seed: number): Promise<void> {
  const next = cuts(seed, 1 << 20);
  const house = await House.build();
  const followers = ["", "", ""].map(() => new Follower(house.connect()));
  for (const one of followers) one.client.send("l LOGIN user secret\r\ns SELECT INBOX\r\n");
  for (let turn = 0; turn < 60; turn++) {
    // What was told is read before a command is written: only then are the client's numbers its own.
    for (const one of followers) await one.follow();
    // Then all speak at once, and their questions to the store interleave.
    for (const one of followers) {
      if (one.idle) one.client.send("DONE\r\n");
      else if (next() % 8 === 0) one.client.send("i IDLE\r\n");
      else {
        // After .SILENT a client changes its own picture; here it asks.
        one.client.send(`t ${command(next, one.known.length)}\r\nu UID FETCH 1:* (FLAGS)\r\n`);
        continue;
      }
      one.idle = !one.idle;
    }
  }
  for (const one of followers) {
    one.client.send(`${one.idle ? "DONE\r\n" : ""}`);
    await one.follow();
    one.client.send("n NOOP\r\n");
    await one.follow();
  }
  // Nothing happens any more: the news of the last ones has to be told by one more poll of the first.
  for (const one of followers) {
    one.client.send("n NOOP\r\n");
    await one.follow();
  }
  const stored = (await house.rows("INBOX")).map(({ uid, flags }) => ({ uid, flags: sorted(flags.join(" ")) }));
  for (const { known } of followers) {
    assert.equal(known.length, stored.length);
    known.forEach(({ uid, flags }, i) => {
      if (uid !== null) assert.equal(uid, stored[i]!.uid);
      if (flags !== null) assert.equal(flags, stored[i]!.flags, `flags of ${uid}`);
    });
  }
  await house.close();
  assert.deepEqual(house.bugs, []);
}

for (let seed = 1; seed <= 10; seed++) {
  Deno.test(`three sessions in one mailbox end with what the store has, seed ${seed}`, () => converge(seed));
}
