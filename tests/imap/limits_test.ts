/** What a session does with clients that want too much, with silence, and with the end of the server. */
import assert from "node:assert/strict";
import type { AccountId, Input } from "../../src/contract/mod.ts";
import { IMAP_LIMITS, imapSession } from "../../src/imap/mod.ts";
import { type Answers, play, Player } from "../support/run_machine.ts";
import { House } from "./house.ts";

const options = { hostname: "imap.example.org", allowPlaintextAuth: true };
const answers: Answers = { "auth.password": () => ({ accountId: "a" as AccountId, login: "u", scopes: null }) };
const IN = "l LOGIN u p\r\n";

function after(client: string): { sent: string; closed: boolean; bodies: Map<number, string> } {
  const played = play(imapSession(options), [IN, client], answers);
  return { ...played, sent: played.sent.slice(played.sent.indexOf("Logged in\r\n") + 11) };
}

Deno.test("literal bombs after login are refused, counted off, or end the session", () => {
  const big = IMAP_LIMITS.literalAfter + 1;
  // Synchronising: no "+" is sent, so nothing comes.
  assert.equal(after(`a CREATE {${big}}\r\nb NOOP\r\n`).sent, "a NO [LIMIT] The literal is too large\r\nb OK Done\r\n");
  // Non-synchronising: it is counted off, whatever stands in it.
  const inside = "x LOGOUT\r\n".repeat(Math.ceil(big / 10));
  const counted = after(`a CREATE {${inside.length}+}\r\n${inside}\r\nb NOOP\r\n`);
  assert.equal(counted.sent, "a NO [LIMIT] The literal is too large\r\nb OK Done\r\n");
  // Many small ones are one large one.
  const many = `a LIST "" (${"{1000+}\r\n" + "x".repeat(1000) + " "}`;
  const sum = after(many + ("{1000+}\r\n" + "x".repeat(1000) + " ").repeat(70) + "y)\r\nb NOOP\r\n");
  assert.equal(sum.sent, "a NO [LIMIT] The literal is too large\r\nb OK Done\r\n");
});

Deno.test("APPEND of 4 GB is told TOOBIG before an octet of it, and sent unasked it ends the session", () => {
  const asked = after("a APPEND INBOX {4294967296}\r\nb NOOP\r\n");
  assert.match(asked.sent, /^a NO \[TOOBIG\] [^\r]*\r\nb OK Done\r\n$/);
  const unasked = after("a APPEND INBOX {4294967296+}\r\nb NOOP\r\n");
  assert.ok(unasked.closed);
  assert.equal(unasked.sent, "* BYE The literal is too large\r\n");
  assert.ok(after("a APPEND INBOX {99999999999999999999}\r\n").closed);
  assert.deepEqual([...asked.bodies, ...unasked.bodies], []);
});

Deno.test("a line without end closes the session, before login sooner than after", () => {
  assert.ok(play(imapSession(options), "a".repeat(IMAP_LIMITS.lineBefore + 1), answers).closed);
  assert.ok(!after(`a NOOP ${"x".repeat(IMAP_LIMITS.lineBefore)}\r\n`).closed);
  assert.ok(after("a".repeat(IMAP_LIMITS.lineAfter + 1)).closed);
});

Deno.test("bare CR and bare LF are no line ends", () => {
  for (const line of ["a NOOP\nb NOOP\r\n", "a NOOP\rb NOOP\r\n"]) {
    const { sent } = after(line + "c NOOP\r\n");
    assert.ok(sent.startsWith("* BAD ") && !/^a /m.test(sent), sent);
    assert.ok(sent.endsWith("c OK Done\r\n"), sent);
  }
});

Deno.test("a session ends after 30 minutes of silence, in IDLE too, and not while a command runs", () => {
  for (const client of ["", "a IDLE\r\n"]) {
    const player = new Player(imapSession(options), answers);
    player.feed(IN + client);
    assert.equal(player.deadline, client === "" ? IMAP_LIMITS.idleMs : IMAP_LIMITS.keepAliveMs);
    player.now = 1000;
    player.input({ type: "deadline" }); // too early: nothing
    assert.ok(!player.played.closed);
    player.now = IMAP_LIMITS.idleMs;
    player.input({ type: "deadline" });
    assert.ok(player.played.closed && player.played.sent.endsWith("* BYE Idle for too long\r\n"));
  }
  const { machine, state } = imapSession(options);
  let now = machine.step(state, { type: "opened", session: {} as never }, 0).state;
  now = machine.step(now, { type: "bytes", chunk: new TextEncoder().encode(IN) }, 5).state;
  assert.equal(machine.deadline(now), null, "a question is out");
  assert.equal(machine.wantsBytes(now), false);
});

Deno.test("IDLE is told every two minutes that the server is there, and nothing when it has ended", () => {
  const player = new Player(imapSession(options), answers);
  player.feed(IN + "a IDLE\r\n");
  for (let turn = 1; turn <= 3; turn++) {
    player.now = turn * IMAP_LIMITS.keepAliveMs;
    assert.equal(player.deadline, player.now);
    player.input({ type: "deadline" });
    player.input({ type: "deadline" }); // once
    assert.equal(player.played.sent.split("* OK Still here\r\n").length, turn + 1);
  }
  player.feed("DONE\r\n");
  assert.ok(player.played.sent.endsWith("a OK Idle ended\r\n"));
  assert.equal(player.deadline, player.now + IMAP_LIMITS.idleMs);
});

Deno.test("shutdown says goodbye at once where nothing runs, else when the command has ended", () => {
  for (const client of ["", "a IDLE\r\n", "a AUTHENTICATE PLAIN\r\n"]) {
    const player = new Player(imapSession(options), answers);
    player.feed(client);
    player.input({ type: "shutdown" });
    assert.ok(player.played.closed && /\* BYE \[UNAVAILABLE\] [^\r]*\r\n$/.test(player.played.sent), client);
  }
  const { machine, state } = imapSession(options);
  const step = (input: Input): readonly string[] =>
    machine.step(state, input, 0).effects.map((effect) =>
      effect.type === "send" ? new TextDecoder().decode(effect.bytes) : effect.type
    );
  step({ type: "opened", session: {} as never });
  step({ type: "bytes", chunk: new TextEncoder().encode(IN + "b NOOP\r\n") });
  assert.deepEqual(step({ type: "shutdown" }), []);
  const value = { accountId: "a" as AccountId, login: "u", scopes: null };
  const last = step({ type: "answer", id: 1, op: "auth.password", value });
  const text = last.join("");
  assert.ok(text.includes("l OK") && text.includes("* BYE") && !text.includes("b OK") && text.endsWith("close"), text);
});

Deno.test("a client that hangs up in a command cancels it and lets go of its body", () => {
  const { machine, state } = imapSession(options);
  machine.step(state, { type: "opened", session: {} as never }, 0);
  const types = (input: Input): string[] => machine.step(state, input, 0).effects.map((effect) => effect.type);
  types({ type: "bytes", chunk: new TextEncoder().encode(IN) });
  types({
    type: "answer",
    id: 1,
    op: "auth.password",
    value: { accountId: "a" as AccountId, login: "u", scopes: null },
  });
  types({ type: "bytes", chunk: new TextEncoder().encode("a APPEND INBOX {10+}\r\nhalf") });
  assert.deepEqual(types({ type: "closed" }), ["bodyAbort"]);
});

Deno.test("FETCH names an item once however often it is asked for, and refuses too many different ones", async () => {
  const house = await House.build();
  await house.give([{ path: "INBOX", octets: new TextEncoder().encode("Subject: a\r\n\r\nb\r\n") }]);
  const client = house.connect();
  await client.command("LOGIN user secret");
  await client.command("SELECT INBOX");
  assert.equal(
    await client.command(`FETCH 1 (${"UID FLAGS BODY.PEEK[TEXT] ".repeat(2000)}UID)`),
    "* 1 FETCH (UID 1 FLAGS () BODY[TEXT] {3}\r\nb\r\n)\r\nt OK Fetched\r\n",
  );
  const many = Array.from({ length: 200 }, (_, i) => `BODY.PEEK[TEXT]<${i}.1>`).join(" ");
  assert.equal(await client.command(`FETCH 1 (${many})`), "t BAD Too many items\r\n");
  await house.close();
  assert.deepEqual(house.bugs, []);
});

Deno.test("huge sequence sets cost what the mailbox holds", async () => {
  const house = await House.build();
  const octets = new TextEncoder().encode("Subject: a\r\n\r\nb\r\n");
  await house.give(Array.from({ length: 6 }, () => ({ path: "INBOX", octets })));
  const client = house.connect();
  await client.command("LOGIN user secret");
  await client.command("SELECT INBOX");
  const uids = async (command: string): Promise<string> => {
    const text = await client.command(command);
    return [...text.matchAll(/UID (\d+)/g)].map((match) => match[1]).join(" ") +
      text.slice(text.indexOf("\r\nt ")).slice(2, 6);
  };
  assert.equal(await uids("UID FETCH 1:4294967295 UID"), "1 2 3 4 5 6t OK");
  assert.equal(await uids("UID FETCH 4294967295:1 UID"), "1 2 3 4 5 6t OK");
  assert.equal(await uids("FETCH *:1 UID"), "1 2 3 4 5 6t OK");
  assert.equal(await uids("UID FETCH 99:* UID"), "6t OK");
  assert.equal(await uids(`UID FETCH ${Array.from({ length: 5000 }, (_, i) => 2 * i + 2).join(",")} UID`), "2 4 6t OK");
  assert.equal(await uids(`FETCH ${"3:2,".repeat(5000)}1 UID`), "1 2 3t OK");
  assert.match(await client.command("FETCH 1:4294967295 UID"), /^t BAD /);
  assert.match(await client.command("FETCH 4294967296 UID"), /^t BAD /);
  assert.match(await client.command("FETCH 0 UID"), /^t BAD /);
  assert.match(await client.command("FETCH 1,,2 UID"), /^t BAD /);
  await house.close();
  assert.deepEqual(house.bugs, []);
});
