import { ok } from "node:assert/strict";
import { attack } from "../../hostile.ts";
import type { Account, Palomar } from "../../palomar.ts";
import { pause } from "../../scenario.ts";
import { sendIn } from "../../smtp_client.ts";
import { Wire } from "../../wire.ts";

/** IMAP's own ways to hurt: literals, nesting, wildcards, and answers that nobody reads. */
export const imapAttacks = [
  attack("huge literals are refused before and after login, and never held", async (palomar, serves) => {
    for (const literal of ["{4294967295}", "{99999999999999999999999}", "{-1}", "{5000000000+}", "{1048576+}"]) {
      const wire = await Wire.connectTls(palomar.ports.imaps, palomar.caFile);
      await wire.line();
      await wire.send(`a LOGIN ${literal}\r\n`);
      try {
        for (let i = 0; literal.endsWith("+}") && i < 200; i++) await wire.send("x".repeat(100_000));
      } catch { /* cut off */ }
      const said = await wire.rest(1000);
      ok(!said.startsWith("+") && /^(a (BAD|NO)|\* BYE|$)/.test(said), said.slice(0, 200));
      wire.close();
    }
    await serves();
    const account = await palomar.account("mallory");
    const wire = await login(palomar, account);
    await wire.send("b APPEND INBOX {9999999999}\r\n");
    const refused = await wire.line();
    ok(refused && /^b (NO|BAD)/.test(refused), refused ?? "closed");
    await wire.send("c SELECT {2000000+}\r\n");
    await wire.send("x".repeat(2_000_000) + "\r\n").catch(() => {});
    ok(/^(c (NO|BAD)|\* BYE)/m.test(await wire.rest(1000)));
    wire.close();
  }),
  attack("deep and endless commands are answered, not followed", async (palomar, serves) => {
    const account = await palomar.account("mallory");
    for (let i = 0; i < 3; i++) await sendIn(palomar.ports.smtp, account, `Subject: ${i}\r\n\r\nx`);
    const set = Array.from({ length: 3000 }, (_, i) => `${i + 1}:*`).join(",");
    const commands = [
      `SEARCH ${"(".repeat(8000)}ALL${")".repeat(8000)}`,
      `SEARCH ${"NOT ".repeat(6000)}ALL`,
      `SEARCH ${"OR ALL ".repeat(6000)}ALL`,
      `SEARCH ${"(".repeat(60_000)}`,
      `FETCH ${set} (UID FLAGS)`,
      `FETCH 1:4294967295,1:* (UID)`,
      `UID FETCH 1:4294967295 (FLAGS)`,
      `STORE ${set} +FLAGS (${Array.from({ length: 2000 }, (_, i) => `k${i}`).join(" ")})`,
      `FETCH 1 (${"BODY.PEEK[1.1.1.1.1.1.1.1.1.1] ".repeat(900)})`.replace(" )", ")"),
      `FETCH 1 BODY[${"1.".repeat(20_000)}1]`,
      `FETCH 1 BODY[]<4294967295.4294967295>`,
      `LIST "" "${"%*".repeat(4000)}x"`,
      `LIST "${"a/".repeat(4000)}" *`,
      `CREATE ${"a/".repeat(4000)}b`,
      `CREATE "${"&".repeat(4000)}"`,
      `RENAME INBOX ${"x".repeat(9000)}`,
    ];
    for (const command of commands) {
      const wire = await login(palomar, account);
      await wire.send("b SELECT INBOX\r\n");
      await wire.until("b ");
      await wire.send(`c ${command}\r\n`).catch(() => {});
      let line = await wire.line();
      while (line !== null && !/^(c (OK|NO|BAD)|\* BYE|\* BAD)/.test(line)) line = await wire.line();
      ok(line !== null, `${command.slice(0, 60)} ended the connection without a word`);
      wire.close();
    }
    await serves();
  }),
  attack("pipelined FETCHes of 4 GB that nobody reads stop at the socket's buffer, and end with their client", async (
    palomar,
    serves,
  ) => {
    const account = await palomar.account("mallory");
    const text = `Subject: large\r\n\r\n${"0123456789abcdef".repeat(4).concat("\r\n").repeat(30_000)}`;
    for (let i = 0; i < 5; i++) await sendIn(palomar.ports.smtp, account, text);
    const wires = await Promise.all(Array.from({ length: 40 }, () => login(palomar, account)));
    for (const wire of wires) {
      await wire.send("b SELECT INBOX\r\n" + "c FETCH 1:* BODY.PEEK[]\r\n".repeat(10)).catch(() => {});
    }
    await serves();
    await pause(2000); // time in which a server without a bound would fill up
    await serves();
    const pop = await Wire.connectTls(palomar.ports.pop3s, palomar.caFile);
    await pop.line();
    await pop.send(`USER ${account.address}\r\nPASS ${account.password}\r\n` + "RETR 1\r\n".repeat(100));
    await serves();
    pop.close();
    const before = cpuSeconds(palomar);
    for (const wire of wires) wire.close();
    await pause(1000);
    await serves();
    const spent = cpuSeconds(palomar) - before;
    ok(spent < 0.8, `${spent} s were spent on answers for clients that are gone`);
  }),
  attack("endless pipelined commands whose answers nobody reads stop being read, or end the connection", async (
    palomar,
    serves,
  ) => {
    const { ports } = palomar;
    const doors = [[ports.smtp, "EHLO x\r\n", "NOOP\r\n"], [ports.imap, "", "a NOOP\r\n"], [
      ports.pop3,
      "",
      "CAPA\r\n",
    ]];
    for (const [port, hello, command] of doors as [number, string, string][]) {
      const wire = await Wire.connect(port);
      await wire.send(hello);
      let sent = 0;
      try {
        for (; sent < 100; sent++) {
          const piece = wire.send(command.repeat(40_000)).then(() => true);
          const stuck = new Promise<false>((resolve) => setTimeout(() => resolve(false), 1500));
          if (!await Promise.race([piece, stuck])) break;
        }
      } catch { /* cut off: right as well */ }
      await serves();
      if (sent === 100) ok(await wire.closes(), "24 MB of commands were taken while not one answer was read");
      wire.close();
    }
  }, { memory: 450 }), // garbage of 800,000 commands in one second; it is not held, and does not grow with more
];

async function login(palomar: Palomar, account: Account): Promise<Wire> {
  const wire = await Wire.connectTls(palomar.ports.imaps, palomar.caFile);
  await wire.line();
  await wire.send(`a LOGIN "${account.address}" "${account.password}"\r\n`);
  const said = await wire.until("a ");
  ok(said.at(-1)?.startsWith("a OK"), said.at(-1));
  return wire;
}

/** Time the process has computed, of user and kernel; 100 ticks a second (proc(5)). */
function cpuSeconds(palomar: Palomar): number {
  const fields = Deno.readTextFileSync(`/proc/${palomar.pid}/stat`).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}
