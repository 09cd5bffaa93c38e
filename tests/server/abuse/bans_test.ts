import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { BanBook } from "../../../src/server/abuse/ban_book.ts";

const FAST = { ban: { failedLogins: 3, first: "15m", longest: "1h" } } as const;

/** The answer to a login, whatever delay it has. */
async function login(server: TestServer, password: string, remoteAddress: string): Promise<string> {
  const imap = server.connect("imap", { remoteAddress });
  let reply = "";
  const answer = imap.ask(`a LOGIN alice@example.test ${password}`, /a (OK|NO) .*\r\n/).then((text) => reply = text);
  while (reply === "") {
    if (server.clock.sleeping > 0) await server.clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await answer;
  imap.close();
  return reply;
}

const bans = async (server: TestServer) => (await (await server.admin("GET", "/api/v1/bans")).json()).bans;

Deno.test("failed logins ban an address for a time, said in the log, the list and the metrics", async () => {
  await using server = await testServer({ config: { abuse: FAST } });
  for (let n = 0; n < 3; n++) assert.match(await login(server, "wrong", "198.51.100.7"), /a NO/);
  const [ban] = await bans(server);
  assert.deepEqual([ban.network, ban.by, ban.times], ["198.51.100.7", "rule", 1]);
  assert.equal(ban.reason, "3 failed logins within 1h");
  assert.equal(Date.parse(ban.until) - Date.parse(ban.since), 15 * 60_000);
  const said = server.logs.find(({ event }) => event === "abuse.banned");
  assert.deepEqual([said?.fields.network, said?.level], ["198.51.100.7", "warn"]);
  assert.match(await (await server.admin("GET", "/metrics")).text(), /palomar_bans_total\{reason="failedLogins"\} 1\n/);
  // The right password is not even looked at, and mail in an open session ends.
  assert.match(await login(server, "alice", "198.51.100.7"), /a NO/);
  await assert.rejects(
    server.deliver("x", "bob@example.test").then(() => {
      throw new Error("others are let in");
    }),
    /others are let in/,
  );
  await server.clock.advance(16 * 60_000);
  assert.deepEqual(await bans(server), []);
  assert.match(await login(server, "alice", "198.51.100.7"), /a OK/);
});

Deno.test("the address where somebody logged in last is not banned, nor a proxy, nor loopback", async () => {
  await using server = await testServer({
    config: { abuse: { ...FAST, trusted: [] }, proxies: ["198.51.100.53"] },
  });
  assert.match(await login(server, "alice", "198.51.100.7"), /a OK/);
  for (const address of ["198.51.100.7", "198.51.100.53", "127.0.0.1", "::1"]) {
    for (let n = 0; n < 5; n++) await login(server, "wrong", address);
  }
  assert.deepEqual(await bans(server), []);
  for (let n = 0; n < 5; n++) await login(server, "wrong", "2001:db8:0:5::1");
  assert.deepEqual((await bans(server)).map(({ network }: { network: string }) => network), ["2001:db8:0:5::/64"]);
});

Deno.test("a banned address is refused at the door in the protocol's words; proxies are let in whatever is banned", async () => {
  await using server = await testServer({ listen: true, config: { proxies: ["127.0.0.1"] } });
  const greeting = (protocol: "smtp" | "imap" | "pop3", from: string) =>
    new Promise<string>((resolve, reject) => {
      const { address, port } = server.address(protocol, "starttls");
      const socket = createConnection({ host: address, port }, () => {
        socket.write(`PROXY TCP4 ${from} 127.0.0.1 40000 ${port}\r\n`);
      });
      socket.once("data", (data) => (resolve(String(data)), socket.destroy()));
      socket.once("error", reject);
    });
  assert.match(await greeting("smtp", "198.51.100.7"), /^220 /);
  assert.equal((await server.admin("POST", "/api/v1/bans", { network: "198.51.100.0/24", minutes: 5 })).status, 201);
  assert.match(await greeting("smtp", "198.51.100.7"), /^421 4\.7\.0 Your address is refused here for a time\r\n$/);
  assert.match(await greeting("imap", "198.51.100.7"), /^\* BYE \[UNAVAILABLE\] Your address/);
  assert.match(await greeting("pop3", "198.51.100.7"), /^-ERR \[SYS\/TEMP\] Your address/);
  assert.match(await greeting("smtp", "203.0.113.7"), /^220 /);
  const refused = server.logs.filter(({ event }) => event === "connection.refused");
  assert.deepEqual(refused.map(({ fields }) => fields.why), ["banned", "banned", "banned"]);
  assert.equal((await server.admin("POST", "/api/v1/bans", { network: "0.0.0.0/0" })).status, 201);
  assert.match(await greeting("smtp", "203.0.113.7"), /^421 /);
  assert.match(await greeting("smtp", "127.0.0.1"), /^220 /); // nobody locks themselves out
});

Deno.test("bans outlive the server, and can be made and lifted where none runs", async () => {
  const storage = memoryStorage();
  const open = () =>
    new BanBook({
      perform: (op, args) => storage.perform(op, args),
      rules: { firstMs: 1, longestMs: 1 },
      now: () => 0,
      failed: (error) => assert.fail(String(error)),
    }).load();
  const first = await open();
  await Promise.all([1, 2, 3].map((n) => first.add(`192.0.2.${n}`, "by hand", null)));
  assert.equal(await first.remove("192.0.2.2"), true);
  assert.equal(await first.remove("192.0.2.2"), false);
  const second = await open();
  assert.deepEqual(second.list().map(({ network }) => network), ["192.0.2.1", "192.0.2.3"]);
  const before = await storage.perform("setting.get", { name: "abuse.bans" });
  await storage.perform("setting.change", { name: "abuse.bans", before, value: "{rubbish" });
  await second.add("192.0.2.9", "still", null); // whatever stands there
  assert.equal((await open()).list().length, 3);
  const now = await storage.perform("setting.get", { name: "abuse.bans" });
  await storage.perform("setting.change", { name: "abuse.bans", before: now, value: "{rubbish" });
  assert.deepEqual((await open()).list(), []);
});

Deno.test("a store that does not take bans leaves them in force, and says so", async () => {
  const failures: unknown[] = [];
  const book = await new BanBook({
    perform: (op) => op === "setting.get" ? Promise.resolve(null as never) : Promise.reject(new Error("full")),
    rules: { firstMs: 1, longestMs: 1 },
    now: () => 0,
    failed: (error) => void failures.push(error),
  }).load();
  await book.add("192.0.2.1", "x", null);
  assert.ok(book.bans.find("192.0.2.1", 0));
  assert.equal(failures.length, 1);
});

Deno.test("bans of servers on one store: each takes over what the other banned and lifted, and neither overwrites", async () => {
  const storage = memoryStorage();
  let arrived = 0;
  const open = () =>
    new BanBook({
      perform: (op, args) => storage.perform(op, args),
      rules: { firstMs: 1, longestMs: 1 },
      now: () => 1000,
      failed: (error) => assert.fail(String(error)),
      arrived: () => arrived++,
    }).load();
  const [a, b] = [await open(), await open()];
  const networks = (book: BanBook) => book.list().map(({ network }) => network).sort();
  await Promise.all([a.add("192.0.2.1", "by hand", null), b.add("192.0.2.2", "by hand", null)]);
  await Promise.all([a.sync(), b.sync()]);
  assert.deepEqual([networks(a), networks(b), arrived], [["192.0.2.1", "192.0.2.2"], ["192.0.2.1", "192.0.2.2"], 2]);
  await b.remove("192.0.2.1");
  await a.add("192.0.2.3", "by hand", null);
  await b.sync();
  assert.deepEqual([networks(a), networks(b)], [["192.0.2.2", "192.0.2.3"], ["192.0.2.2", "192.0.2.3"]]);
  await a.sync();
  assert.equal(arrived, 3);
});
