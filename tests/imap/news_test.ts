/** What is told without being asked for, where a dialogue as data would be too long or needs a hand on the answers. */
import assert from "node:assert/strict";
import { latin1Bytes } from "../../src/base/bytes.ts";
import type { AccountId, MailboxId, MailboxSnapshot, Uid } from "../../src/contract/mod.ts";
import { contextNews, Contexts, type UpdateContext } from "../../src/imap/contexts.ts";
import { IMAP_LIMITS, imapSession } from "../../src/imap/mod.ts";
import { View } from "../../src/imap/view.ts";
import { Listening } from "../../src/server/listening.ts";
import type { Storage, Touched } from "../../src/storage/storage.ts";
import { type Answers, LATER, Player } from "../support/run_machine.ts";
import { runProgram, WorldFails } from "../support/run_program.ts";
import { cuts } from "./cuts.ts";
import { House } from "./house.ts";

const options = { hostname: "imap.example.org", allowPlaintextAuth: true };

function viewOf(count: number): View {
  const uids = Uint32Array.from({ length: count }, (_, index) => index + 1);
  const mailbox = { mailboxId: "m1", path: "INBOX", rights: "lrswipkxtea", uidNext: count + 1, highestModseq: 5 };
  return new View(
    "a1" as AccountId,
    { mailbox, uids, keywords: [], firstUnseen: null } as unknown as MailboxSnapshot,
    false,
  );
}

Deno.test("a sorted context of many results tells new ones their places, with two short sorts", () => {
  const view = viewOf(20_000);
  const next = cuts(7, 1_000_000);
  const rank = new Map(Array.from({ length: 20_000 }, (_, index) => [index + 1, next() * 100_000 + index]));
  const byRank = (a: number, b: number): number => rank.get(a)! - rank.get(b)!;
  const fresh = new Set(Array.from({ length: 30 }, () => 1 + next() % 20_000));
  // The first and the last of all too.
  const all = [...rank.keys()].sort(byRank);
  fresh.add(all[0]!).add(all[19_999]!);
  const context: UpdateContext = {
    tag: "s",
    byUid: true,
    correlator: "",
    search: { key: "all" },
    order: [{ key: "date", reverse: false }],
    items: [],
    results: all.filter((uid) => !fresh.has(uid)) as Uid[],
  };
  view.contexts = new Contexts();
  view.contexts.keep(context);
  for (const uid of fresh) view.contexts.touch(uid);
  let sorted = 0;
  const { text } = runProgram(contextNews(view), {
    "email.search": () => ({ uids: [...fresh].sort((a, b) => a - b), modseq: 5 }) as never,
    "email.sort": ({ search }) => {
      const { ranges } = search as unknown as { ranges: { first: number; last: number }[] };
      const uids = ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
      sorted += uids.length;
      return { uids: uids.sort(byRank), modseq: 5 } as never;
    },
  }).result;
  assert.deepEqual(context.results, all);
  assert.ok(sorted < 6_000, `${sorted} were sorted for 32 new ones`);
  assert.match(text, /^\* ESEARCH \(TAG "s"\) UID ADDTO \(1 \d+ .* 20000 \d+\)\r\n$/);
});

Deno.test("contexts are bounded: sixteen of a session, and their results together", async () => {
  const house = await House.build();
  await house.give([{ path: "INBOX", octets: latin1Bytes("Subject: x\r\n\r\nx") }]);
  const client = house.connect();
  await client.command("LOGIN user secret");
  await client.command("SELECT INBOX");
  for (let at = 0; at < 16; at++) {
    client.send(`u${at} SEARCH RETURN (COUNT UPDATE) ALL\r\n`);
    assert.match(await client.receive(), /OK Searched/);
  }
  client.send("u16 SEARCH RETURN (COUNT UPDATE) ALL\r\n");
  assert.match(await client.receive(), /\* NO \[NOUPDATE "u16"\].*\r\n\* ESEARCH .* COUNT 1\r\nu16 OK/);
  await client.command('CANCELUPDATE "u3" "none"');
  client.send("u17 SEARCH RETURN (COUNT UPDATE) ALL\r\n");
  assert.doesNotMatch(await client.receive(), /NOUPDATE/);
  await house.close();
  const contexts = new Contexts();
  const many = Array.from({ length: 150_000 }, (_, index) => index + 1) as Uid[];
  const context = (tag: string): UpdateContext => ({
    tag,
    byUid: true,
    correlator: "",
    search: { key: "all" },
    order: null,
    items: [],
    results: many,
  });
  assert.equal(contexts.keep(context("a")), true);
  assert.equal(contexts.keep(context("b")), false);
});

function slowWorld(): Answers {
  return {
    "auth.password": () => ({ accountId: "a1" as AccountId, login: "u@x", scopes: null }),
    "mailbox.open": () =>
      ({
        mailbox: {
          mailboxId: "m1",
          ownerId: "a1",
          path: "INBOX",
          rights: "lrswipkxtea",
          uidValidity: 1,
          uidNext: 3,
          highestModseq: 5,
        },
        uids: Uint32Array.of(1, 2),
        firstUnseen: null,
        keywords: [],
      }) as unknown as MailboxSnapshot,
    "mailbox.watch": () => true,
    "mailbox.listen": () => true,
    "mailbox.changes": ({ since }) =>
      ({ mailboxId: "m1", modseq: since, changed: [], vanished: [], deleted: false }) as never,
  };
}

Deno.test("a command that takes long tells every 15 seconds that it is at work, and only then", () => {
  const player = new Player(imapSession(options), { ...slowWorld(), "email.search": () => LATER });
  player.feed("a LOGIN u pw\r\nb SELECT INBOX\r\n");
  player.now = 1_000;
  player.feed("c SEARCH TEXT x\r\n"); // nobody answers
  assert.equal(player.deadline, 1_000 + IMAP_LIMITS.progressMs);
  player.played.sent = "";
  player.now += IMAP_LIMITS.progressMs - 1;
  player.input({ type: "deadline" });
  assert.equal(player.played.sent, "");
  for (const _ of [1, 2]) {
    player.now = player.deadline!;
    player.input({ type: "deadline" });
    assert.equal(player.played.sent, '* OK [INPROGRESS ("c" NIL NIL)] Still at work\r\n');
    player.played.sent = "";
  }
  const { id } = player.played.calls.at(-1)!;
  player.input({ type: "answer", id, op: "email.search", value: { uids: [2], modseq: 5 } } as never);
  assert.equal(player.played.sent, "* SEARCH 2\r\nc OK Searched\r\n");
  // Idle again: the next deadline is that of the session.
  assert.equal(player.deadline, player.now + IMAP_LIMITS.idleMs);
});

Deno.test("news that cannot be had ends what was to be kept up to date, and says so", () => {
  const player = new Player(imapSession(options), {
    ...slowWorld(),
    "mailbox.list": () => [],
    "mailbox.heard": () => {
      throw new WorldFails();
    },
    "email.search": () => ({ uids: [1], modseq: 5 }) as never,
  });
  player.feed("a LOGIN u pw\r\nb SELECT INBOX\r\nc SEARCH RETURN (COUNT UPDATE) ALL\r\n");
  player.played.sent = "";
  player.feed("d NOTIFY SET (selected (MessageNew MessageExpunge)) (personal (MailboxName))\r\n");
  assert.match(player.played.sent, /^\* NO \[NOUPDATE "c"\] .*\r\n\* OK \[NOTIFICATIONOVERFLOW\] .*\r\nd OK .*\r\n$/);
  player.played.sent = "";
  player.feed("e NOOP\r\n");
  assert.equal(player.played.sent, "e OK Done\r\n");
});

Deno.test("what is heard while nobody reads is kept once a mailbox, and wakes once", () => {
  let tell: (touched: Touched) => void = () => {};
  let stopped = 0;
  const storage = {
    watch: (_: AccountId, listener: (touched: Touched) => void) => {
      tell = listener;
      return () => stopped++;
    },
  } as unknown as Storage;
  let woken = 0;
  const listening = new Listening(storage, "a1" as AccountId, ["a2" as AccountId], () => woken++);
  const touched = (entry: string): Touched => ({
    mailboxIds: new Set(["m1" as MailboxId]),
    mailboxList: false,
    annotations: [{ mailboxId: "m1" as MailboxId, entry }],
  });
  for (let at = 0; at < 1_000; at++) tell(touched("/shared/comment"));
  tell(touched("/private/comment")); // another's: nobody's business
  assert.equal(woken, 1);
  assert.deepEqual(listening.take(), {
    mailboxIds: ["m1"],
    mailboxList: false,
    annotations: [{ mailboxId: "m1", entry: "/shared/comment" }],
  });
  tell(touched("/shared/comment"));
  assert.equal(woken, 2);
  listening.stop();
  assert.equal(stopped, 1);
});
