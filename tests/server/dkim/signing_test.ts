/** What leaves is signed, and the package mailauth agrees. */
import assert from "node:assert/strict";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { encodeBase64 } from "../../../src/base/base64.ts";
import { latin1Bytes, utf8Bytes } from "../../../src/base/bytes.ts";
import type { Args, BlobId } from "../../../src/contract/mod.ts";
import { DkimKeys } from "../../../src/server/dkim/keys.ts";
import { createSigner } from "../../../src/server/dkim/sign_message.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { friendly, peer, THERE } from "../outbound/house.ts";
import { onceMadeKey } from "./once_made_key.ts";

const NOW = Date.UTC(2026, 10, 24, 12);

/** Keys of these domains, put into the store of a server; answers all records. */
async function giveKeys(server: TestServer, ...domains: string[]): Promise<Map<string, string>> {
  const records = new Map<string, string>();
  const keys = new DkimKeys({
    storage: server.storage,
    resolve: () => Promise.reject(new Error("nobody asks")),
    now: () => NOW,
    hostname: server.config.hostname,
    makeKey: onceMadeKey,
  });
  for (const domain of domains) {
    for (const { name, record } of await keys.begin(domain)) records.set(name, record);
  }
  return records;
}

/** What mailauth says of the signatures: `example.test rsa-sha256 pass`. */
async function opinion(message: string, records: Map<string, string>): Promise<string[]> {
  const resolver = (name: string) => {
    const found = records.get(name);
    return found === undefined
      ? Promise.reject(Object.assign(new Error(name), { code: "ENOTFOUND" }))
      : Promise.resolve([[found]]);
  };
  // deno-lint-ignore no-explicit-any -- the package's types are of its own streams
  const found: any = await dkimVerify(latin1Bytes(message) as any, { resolver, curTime: new Date(NOW) } as any);
  // deno-lint-ignore no-explicit-any
  return found.results.map((one: any) => `${one.signingDomain} ${one.algo} ${one.status.result}`);
}

async function submit(server: TestServer, message: string, to: string, data = "DATA"): Promise<void> {
  const client = server.connect("submission", { tls: true });
  await client.until("220 ");
  await client.ask("EHLO client.test", /250 .*\r\n/);
  await client.ask(`AUTH PLAIN ${encodeBase64(utf8Bytes("\0alice@example.test\0alice"))}`, "235 ");
  await client.ask("MAIL FROM:<alice@example.test> BODY=8BITMIME", /250 .*\r\n/);
  await client.ask(`RCPT TO:<${to}>`, /250 .*\r\n/);
  if (data === "DATA") {
    await client.ask("DATA", "354 ");
    client.send(latin1Bytes(message.replace(/^\./gm, "..") + "\r\n.\r\n"));
  } else client.send(latin1Bytes(`BDAT ${message.length} LAST\r\n${message}`));
  await client.until(/250 .*\r\n/);
  await client.ask("QUIT", "221 ");
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !holds();) {
    assert.ok(performance.now() < end, "it takes too long");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The message of a dialogue as its receiver reads it. */
function received(dialogue: string): string {
  const from = dialogue.indexOf("DATA\r\n") + 6;
  return dialogue.slice(from, dialogue.indexOf("\r\n.\r\n", from) + 2).replace(/(^|\r\n)\.\./g, "$1.");
}

/** Submits and gives what came to the other server. */
async function sent(server: TestServer, there: { heard: string[] }, message: string, data?: string): Promise<string> {
  const before = there.heard.length;
  await submit(server, message, "bob@there.example", data);
  await until(() => there.heard.slice(before).some((one) => one.includes("\r\n.\r\n")));
  return received(there.heard.at(-1)!);
}

/** The first message of an inbox, once it is there. */
async function mailOf(server: TestServer, address: string, password: string): Promise<string> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask(`a LOGIN ${address} ${password}`, "a OK");
  await imap.ask("b SELECT INBOX", "b OK");
  let text = "";
  for (const end = performance.now() + 10_000; !text.includes("FETCH (");) {
    assert.ok(performance.now() < end, "nothing came");
    await new Promise((resolve) => setTimeout(resolve, 2));
    text = await imap.ask("c UID FETCH 1:* BODY.PEEK[]", "c OK");
  }
  const [, size = ""] = /\{(\d+)\}/.exec(text) ?? [];
  const at = text.indexOf("}\r\n") + 3;
  return text.slice(at, at + Number(size));
}

const there8 = () => peer((verb, line) => verb === "EHLO" ? "250-there\r\n250 8BITMIME" : friendly(verb, line));
const BOTH = ["example.test rsa-sha256 pass", "example.test ed25519-sha256 pass"];

const MESSAGES: readonly (readonly [what: string, message: string, data?: string])[] = [
  ["a plain message", "From: alice@example.test\r\nSubject: hi\r\nDate: x\r\nMessage-ID: <a@b>\r\n\r\nHello\r\n"],
  ["no Date, no Message-ID, no From", "Subject: hi\r\n\r\nHello\r\n"],
  ["dots, white space and empty lines at the end", "From: alice@example.test\r\n\r\n.\r\n..a  b \t\r\n.\r\n\r\n\r\n"],
  ["8-bit text", "From: Al\xc3\xaa <alice@example.test>\r\nSubject: \xe9\r\n\r\n\xe4\xf6\xfc\r\n"],
  ["a last line without its end, by BDAT", "From: alice@example.test\r\n\r\n.one\r\n.two", "BDAT"],
  ["no body", "From: alice@example.test\r\nSubject: only this\r\n"],
  ["a Bcc that is cut out", "From: alice@example.test\r\nBcc: x@y.example\r\nSubject: s\r\n\r\nHello\r\n"],
];

for (const [what, message, data] of MESSAGES) {
  Deno.test(`submission: a message leaves with two signatures that mailauth verifies: ${what}`, async () => {
    const there = await there8();
    await using server = await testServer({
      dns: THERE,
      config: { outbound: { port: there.port, privateExchanges: true } },
    });
    const records = await giveKeys(server, "example.test");
    const text = await sent(server, there, message, data);
    assert.match(text, /^DKIM-Signature: v=1; a=rsa-sha256;/);
    assert.deepEqual(await opinion(text, records), BOTH);
    const changed = await opinion(text.replace(/(\r\n)*$/, "x\r\n"), records);
    assert.ok(changed.length === 2 && changed.every((one) => !one.endsWith("pass")), `${changed}`);
    await there.close();
  });
}

Deno.test("submission: 8-bit text that is encoded anew on its way is signed as it arrives", async () => {
  const there = await peer(friendly); // no 8BITMIME
  await using server = await testServer({
    dns: THERE,
    config: { outbound: { port: there.port, privateExchanges: true } },
  });
  const records = await giveKeys(server, "example.test");
  const text = await sent(server, there, "From: alice@example.test\r\nSubject: hi\r\n\r\n\xe4\xf6\xfc\r\n");
  assert.match(text, /\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E4=F6=FC\r\n/);
  assert.deepEqual(await opinion(text, records), BOTH);
  await there.close();
});

Deno.test("submission: the copy of somebody here is signed too", async () => {
  await using server = await testServer();
  const records = await giveKeys(server, "example.test");
  await submit(server, "From: alice@example.test\r\n\r\nHello\r\n", "bob@example.test");
  assert.deepEqual(await opinion(await mailOf(server, "bob@example.test", "bob"), records), BOTH);
});

Deno.test("submission: the author's domain signs before the sender's; without keys the message leaves unsigned", async () => {
  const there = await there8();
  await using server = await testServer({
    dns: THERE,
    config: { outbound: { port: there.port, privateExchanges: true } },
  });
  await server.storage.perform("domain.add", { name: "other.test", now: 1 });
  await server.storage.perform("alias.add", { address: "al@other.test", targets: ["alice@example.test"], now: 1 });
  const message = "From: al@other.test\r\n\r\nHello\r\n";
  assert.deepEqual(await opinion(await sent(server, there, message), new Map()), ["undefined undefined none"]);
  const records = await giveKeys(server, "example.test");
  await server.clock.advance(61_000);
  assert.deepEqual(await opinion(await sent(server, there, message), records), BOTH);
  const more = await giveKeys(server, "other.test");
  await server.clock.advance(61_000);
  const found = await opinion(await sent(server, there, message), more);
  assert.deepEqual(found, BOTH.map((one) => one.replace("example", "other")));
  await there.close();
});

Deno.test("submission: keys that cannot be read lose no message", async () => {
  const there = await there8();
  await using server = await testServer({
    dns: THERE,
    config: { outbound: { port: there.port, privateExchanges: true } },
  });
  await server.storage.perform("setting.init", { name: "dkim.example.test", value: "nonsense" });
  assert.match(await sent(server, there, "From: alice@example.test\r\n\r\nHello\r\n"), /^Received: /);
  const line = server.logs.find(({ event }) => event === "message.unsigned");
  assert.match(String(line?.fields.reason), /the stored DKIM keys of example\.test are damaged/);
  await there.close();
});

Deno.test("a report to a sender is signed by the parent of the server's name", async () => {
  await using server = await testServer({ dns: { "there.example": {} } });
  const records = await giveKeys(server, "example.test");
  await submit(server, "From: alice@example.test\r\n\r\nHello\r\n", "bob@nowhere.example");
  const report = await mailOf(server, "alice@example.test", "alice");
  assert.match(report, /From: Mail Delivery System <MAILER-DAEMON@mail\.example\.test>/);
  assert.deepEqual(await opinion(report, records), BOTH);
});

Deno.test("createSigner() lets others have a turn while it signs a large message", async () => {
  const storage = memoryStorage();
  const keys = new DkimKeys({
    storage,
    resolve: () => Promise.reject(new Error("nobody asks")),
    now: () => NOW,
    hostname: "mail.example.test",
    makeKey: onceMadeKey,
  });
  await keys.begin("example.test");
  const line = latin1Bytes("From: alice@example.test\r\n\r\n" + "a line of  text \r\n".repeat(1000));
  const size = 300 * line.length;
  const perform = (op: string, args: unknown) => {
    if (op !== "blob.read") return storage.perform(op as never, args as never);
    const { start, end } = args as Args<"blob.read">;
    return Promise.resolve(line.slice(start % line.length, Math.min(line.length, start % line.length + end - start)));
  };
  const signer = createSigner({ keys, storage: { perform: perform as never }, hostname: "mail.example.test" });
  let turns = 0;
  let done = false;
  const count = () => {
    turns++;
    if (!done) setTimeout(count, 0);
  };
  setTimeout(count, 0);
  const question = {
    domains: ["example.test"],
    blobId: "b" as BlobId,
    size,
    prefix: new Uint8Array(0),
    binary: false,
    now: NOW,
  };
  const answer = await signer.sign(question);
  done = true;
  assert.ok("fields" in answer);
  assert.ok(turns > 2, `${turns}`);
});
