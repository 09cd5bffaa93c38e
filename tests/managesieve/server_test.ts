/** ManageSieve at a whole server: a filter that is put there is obeyed by the next message. */
import assert from "node:assert/strict";
import { encodeBase64 } from "../../src/base/base64.ts";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { testServer } from "../../src/server/test_server.ts";

const PLAIN = `AUTHENTICATE "PLAIN" "${encodeBase64(utf8Bytes("\0alice@example.test\0alice"))}"`;
const SCRIPT = 'require "fileinto";\r\nfileinto "Junk";\r\n';

Deno.test("a script that becomes active by ManageSieve files the next message", async () => {
  await using server = await testServer();
  const client = server.connect("managesieve");
  assert.match(await client.until('OK "ManageSieve ready"'), /"SIEVE" "[^"]*fileinto[^"]*vacation/);
  await client.ask(PLAIN, 'OK "Logged in"');
  await client.ask(`PUTSCRIPT "mine" {${SCRIPT.length}+}\r\n${SCRIPT}`, 'OK "The script is stored"');
  await server.deliver("Subject: before\n\nx", "alice@example.test");
  await client.ask('SETACTIVE "mine"', "OK");
  await server.deliver("Subject: behind\n\nx", "alice@example.test");
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  assert.match(await imap.ask("b STATUS INBOX (MESSAGES)", "b OK"), /MESSAGES 1\b/);
  assert.match(await imap.ask("c STATUS Junk (MESSAGES)", "c OK"), /MESSAGES 1\b/);
  assert.match(await client.ask("LISTSCRIPTS", /^OK/m), /"mine" ACTIVE\r\n/);
  assert.ok((await client.ask('GETSCRIPT "mine"', /^OK/m)).includes(`{${SCRIPT.length}}\r\n${SCRIPT}\r\n`));
  // Scripts of others are not there.
  const other = server.connect("managesieve");
  await other.until('OK "ManageSieve ready"');
  await other.ask(`AUTHENTICATE "PLAIN" "${encodeBase64(utf8Bytes("\0bob@example.test\0bob"))}"`, 'OK "Logged in"');
  assert.ok(!(await other.ask("LISTSCRIPTS", /^OK\r\n/m)).includes('"mine"'));
  assert.match(await other.ask('GETSCRIPT "mine"', /^NO.*\r\n/m), /NONEXISTENT/);
});

Deno.test("names of scripts hold no control characters and no path, and a hundred scripts are enough", async () => {
  await using server = await testServer();
  const client = server.connect("managesieve");
  await client.until('OK "ManageSieve ready"');
  await client.ask(PLAIN, 'OK "Logged in"');
  for (const name of ["a\x07b", "", "x".repeat(513), "line\u2028separator"]) {
    const octets = utf8Bytes(name);
    await client.ask(`PUTSCRIPT {${octets.length}+}\r\n${name} "keep;"`, /^NO ".*\r\n/m);
  }
  await client.ask('PUTSCRIPT "../../etc/passwd" "keep;"', "OK"); // a name is a name, and leads nowhere
  for (let i = 1; i < 100; i++) await client.ask(`PUTSCRIPT "s${i}" "keep;"`, "OK");
  await client.ask('HAVESPACE "one more" 5', "NO (QUOTA/MAXSCRIPTS)");
  await client.ask('PUTSCRIPT "one more" "keep;"', "NO (QUOTA/MAXSCRIPTS)");
  await client.ask('PUTSCRIPT "s1" "stop;"', "OK");
});

Deno.test("over TCP and TLS: STARTTLS, and a password only behind it", async () => {
  await using server = await testServer({ listen: true, config: { auth: { allowPlaintext: false } } });
  const { port } = server.address("managesieve", "starttls");
  let connection: Deno.Conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const decoder = new TextDecoder();
  let text = "";
  const until = async (pattern: RegExp): Promise<string> => {
    const buffer = new Uint8Array(4096);
    while (!pattern.test(text)) {
      const count = await connection.read(buffer);
      if (count === null) throw new Error(`closed after ${text}`);
      text += decoder.decode(buffer.subarray(0, count));
    }
    const said = text;
    text = "";
    return said;
  };
  const say = (line: string) => connection.write(utf8Bytes(line + "\r\n"));
  assert.match(await until(/^OK .*\r\n/m), /"SASL" ""\r\n"STARTTLS"/);
  await say(PLAIN);
  await until(/^NO \(ENCRYPT-NEEDED\).*\r\n/m);
  await say("STARTTLS");
  await until(/^OK "Begin/m);
  const ca = await Deno.readTextFile(`${server.config.dataDir}/tls/ca.pem`);
  connection = await Deno.startTls(connection as Deno.TcpConn, { hostname: "mail.example.test", caCerts: [ca] });
  assert.match(await until(/^OK .*\r\n/m), /"SASL" "SCRAM-SHA-256 /);
  await say(PLAIN);
  await until(/^OK "Logged in"\r\n/m);
  await say("LOGOUT");
  await until(/^OK "Goodbye"\r\n/m);
  connection.close();
});
