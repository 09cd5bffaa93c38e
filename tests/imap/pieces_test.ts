/** Commands over more messages than one transaction takes: told as one, done in pieces. */
import assert from "node:assert/strict";
import { latin1Bytes } from "../../src/base/bytes.ts";
import type { AccountId, MailboxSnapshot, Uid } from "../../src/contract/mod.ts";
import { AT_ONCE } from "../../src/imap/command.ts";
import { View } from "../../src/imap/view.ts";
import { indexMessage } from "../../src/message/mod.ts";
import { type Client, House, NOW } from "./house.ts";

const MANY = 2 * AT_ONCE + 300;

/** A house with many messages in INBOX, and a client that has it selected. */
async function crowded(test: (client: Client, other: Client) => Promise<void>): Promise<void> {
  const house = await House.build();
  const octets = latin1Bytes("Subject: x\r\n\r\nx");
  const writer = house.storage.createBlob();
  await writer.write(octets);
  const { blobId, release } = await writer.seal(indexMessage(octets));
  const messages = Array.from({ length: MANY }, () => ({ blobId, flags: [], internalDate: NOW }));
  await house.storage.perform("email.append", { accountId: house.accountId, path: "INBOX", messages, now: NOW });
  release();
  const clients = [house.connect(), house.connect()] as const;
  for (const client of clients) {
    await client.command("LOGIN user secret");
    await client.command("SELECT INBOX");
  }
  await test(...clients);
  assert.deepEqual(house.bugs, []);
  await house.close();
}

const count = (text: string, what: RegExp) => text.match(what)?.length ?? 0;

Deno.test("STORE over many messages answers for each once, and the other session hears of each", () =>
  crowded(async (client, other) => {
    const told = await client.command("STORE 1:* +FLAGS (\\Flagged)");
    assert.equal(count(told, /^\* \d+ FETCH \(.*\\Flagged/gm), MANY);
    assert.match(told, / OK Stored\r\n$/);
    // Half of a piece has the flag already: it is told all the same.
    await client.command(`STORE 1:${AT_ONCE + 500} -FLAGS.SILENT (\\Flagged)`);
    const again = await client.command("STORE 1:* +FLAGS (\\Flagged)");
    assert.equal(count(again, /^\* \d+ FETCH \(.*\\Flagged/gm), MANY);
    assert.equal(count(await other.command("NOOP"), /^\* \d+ FETCH \(.*\\Flagged/gm), MANY);
  }));

Deno.test("STORE UNCHANGEDSINCE over many messages names those it spared, of all pieces", () =>
  crowded(async (client) => {
    const last = MANY - 1;
    const [, since] = /HIGHESTMODSEQ (\d+)/.exec(await client.command("STATUS INBOX (HIGHESTMODSEQ)"))!;
    await client.command(`STORE 2,${last} +FLAGS.SILENT (\\Seen)`);
    const told = await client.command(`STORE 1:* (UNCHANGEDSINCE ${since}) +FLAGS.SILENT (\\Flagged)`);
    assert.match(told, new RegExp(`OK \\[MODIFIED 2,${last}\\]`));
    assert.equal(count(told, /^\* \d+ FETCH \(UID \d+ MODSEQ/gm), MANY - 2);
  }));

Deno.test("EXPUNGE and MOVE of many messages leave a client with what is there", () =>
  crowded(async (client, other) => {
    await client.command("CREATE There");
    const moved = await client.command(`MOVE 1:${AT_ONCE + 100} There`);
    assert.equal(count(moved, /EXPUNGE/g), AT_ONCE + 100);
    assert.match(moved, /^\* OK \[COPYUID \d+ 1:1000 1:1000\]/m);
    assert.match(moved, /^\* OK \[COPYUID \d+ 1001:1100 1001:1100\]/m);
    assert.match(moved, / OK Moved\r\n$/);
    const left = MANY - AT_ONCE - 100;
    await client.command("STORE 1:* +FLAGS.SILENT (\\Deleted)");
    const gone = await client.command("EXPUNGE");
    assert.equal(count(gone, /^\* 1 EXPUNGE|^\* \d+ EXPUNGE/gm), left);
    assert.match(await client.command("STATUS INBOX (MESSAGES)"), /MESSAGES 0/);
    assert.equal(count(await other.command("NOOP"), /EXPUNGE/g), MANY);
    assert.match(await client.command("SELECT There"), new RegExp(`\\* ${AT_ONCE + 100} EXISTS`));
    await client.command("STORE 1:* +FLAGS.SILENT (\\Deleted)");
    assert.match(await client.command("CLOSE"), / OK /);
    assert.match(await client.command("STATUS There (MESSAGES)"), /MESSAGES 0/);
  }));

Deno.test("View.pieces() has every known message of the ranges once, and none too many at once", () => {
  const uids = Uint32Array.from({ length: 50 }, (_, i) => i * 2 + 1);
  const snapshot = { mailbox: { mailboxId: "m", uidNext: 101, highestModseq: 1 }, uids, keywords: [] };
  const view = new View("a" as AccountId, snapshot as unknown as MailboxSnapshot, false);
  const ranges = [{ first: 1, last: 9 }, { first: 20, last: 20 }, { first: 30, last: 99 }] as {
    first: Uid;
    last: Uid;
  }[];
  for (const size of [1, 2, 3, 7, 40, 100]) {
    const pieces = [...view.pieces(ranges, size)];
    assert.ok(pieces.every((piece) => view.countIn(piece) <= size && view.countIn(piece) > 0));
    assert.deepEqual(pieces.flatMap((piece) => [...view.uidsIn(piece)]), [...view.uidsIn(ranges)]);
  }
});
