import { ok, strictEqual } from "node:assert/strict";
import { attack } from "../../hostile.ts";
import { readMailbox } from "../../mailbox.ts";
import { openSmtp } from "../../smtp_client.ts";
import { octets, Wire } from "../../wire.ts";

/** Octets that are no lines, lines that are too long, and lines at the wrong time. */
export const lines = [
  attack("lines without an end on every port are cut off", async (palomar, serves) => {
    const { ports } = palomar;
    for (const port of [ports.smtp, ports.submission, ports.lmtp, ports.imap, ports.pop3]) {
      const wire = await Wire.connect(port);
      await flood(wire, "A".repeat(65_536), 160); // 10 MB
      await serves();
      wire.close();
    }
    for (const port of [ports.smtps, ports.imaps, ports.pop3s]) {
      const wire = await Wire.connectTls(port, palomar.caFile);
      await flood(wire, "A".repeat(65_536), 160);
      await serves();
      wire.close();
    }
  }),
  attack("NUL, 8-bit and control octets in commands are refused and break nothing", async (palomar) => {
    const { ports } = palomar;
    for (
      const junk of [
        "\0\0\0\r\n",
        "EHLO \0x\r\n",
        "a LOGIN \0 b\r\n",
        "USER \0\xff\xfe\r\n",
        "\x80\x81\r\n",
        "\r\n\r\n\r\n",
      ]
    ) {
      for (const port of [ports.smtp, ports.submission, ports.lmtp, ports.imap, ports.pop3]) {
        const wire = await Wire.connect(port);
        await wire.line();
        await wire.send(octets(junk));
        const said = await wire.line(1000).catch(() => ""); // nothing at all is right where an empty line is ignored
        ok(said === null || !/^(250|235|a OK|\+OK)/.test(said), `${JSON.stringify(junk)} was answered with ${said}`);
        wire.close();
      }
    }
  }),
  attack("bare CR and LF around a dot end no message and smuggle none", async (palomar) => {
    const account = await palomar.account("victim");
    const ends = [
      "\n.\n",
      "\n.\r\n",
      "\r\n.\n",
      "\r.\r",
      "\r\n.\r",
      "\r.\r\n",
      "\r\r\n.\r\r\n",
      "\r\n\0.\r\n",
      "\n\n.\r\n",
    ];
    for (const [index, end] of ends.entries()) {
      const wire = await openSmtp(palomar.ports.smtp);
      await wire.send(`MAIL FROM:<x@outside.test>\r\nRCPT TO:<${account.address}>\r\nDATA\r\n`);
      for (let i = 0; i < 3; i++) await wire.reply();
      const smuggled =
        `MAIL FROM:<boss@hostile.test>\r\nRCPT TO:<${account.address}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx`;
      await wire.send(`Subject: outer ${index}\r\n\r\nx${end}${smuggled}\r\n.\r\n`);
      const replies = [await wire.reply()];
      await wire.send("QUIT\r\n");
      for (let reply; (reply = await wire.line(5000).catch(() => null)) !== null;) replies.push(reply);
      ok(replies.length <= 2, `${JSON.stringify(end)} made ${replies.length} replies: ${replies.join(" | ")}`);
      wire.close();
    }
    for (const message of await readMailbox(palomar, account)) {
      ok(!/^Return-Path: <boss@/.test(message), message.slice(0, 300));
    }
  }),
  attack("a header line of 1 MB and a header of 100,000 fields are bounded", async (palomar, serves) => {
    for (const header of [`Subject: ${"x".repeat(1_000_000)}\r\n`, "X-Field: some words\r\n".repeat(100_000)]) {
      const wire = await openSmtp(palomar.ports.smtp);
      await wire.send("MAIL FROM:<x@outside.test>\r\nRCPT TO:<good1@hostile.test>\r\nDATA\r\n");
      for (let i = 0; i < 3; i++) await wire.reply();
      await wire.send(`${header}\r\nbody\r\n.\r\n`).catch(() => {});
      const reply = await wire.reply();
      ok(/^5[05]\d /.test(reply), reply);
      wire.close();
    }
    await serves();
  }),
  attack("bytes before the greeting are no way in", async (palomar) => {
    const { ports } = palomar;
    const early: readonly (readonly [number, string])[] = [
      [ports.smtp, "EHLO x\r\nMAIL FROM:<x@outside.test>\r\nRCPT TO:<x@elsewhere.test>\r\nDATA\r\n"],
      [ports.imap, "a CAPABILITY\r\nb SELECT INBOX\r\n"],
      [ports.pop3, "CAPA\r\nSTAT\r\n"],
    ];
    for (const [port, text] of early) {
      const wire = await Wire.connect(port);
      await wire.send(text);
      const said = await wire.rest(1500);
      ok(/^(220|554|421|\* OK|\* BYE|\+OK|-ERR)/.test(said), said);
      ok(!/^(354|b OK)/m.test(said), said);
      wire.close();
    }
  }),
  attack("commands behind STARTTLS in the same packet are never obeyed", async (palomar) => {
    const { ports, caFile } = palomar;
    const injections: readonly (readonly [number, string, string, string])[] = [
      [ports.smtp, "EHLO x\r\n", "STARTTLS\r\nEHLO injected\r\nMAIL FROM:<x@outside.test>\r\n", "NOOP\r\n"],
      [ports.submission, "EHLO x\r\n", "STARTTLS\r\nEHLO injected\r\n", "NOOP\r\n"],
      [ports.imap, "", "a STARTTLS\r\nb CAPABILITY\r\n", "c NOOP\r\n"],
      [ports.pop3, "", "STLS\r\nCAPA\r\n", "QUIT\r\n"],
    ];
    for (const [port, hello, injected, after] of injections) {
      const wire = await Wire.connect(port);
      await wire.line();
      if (hello !== "") {
        await wire.send(hello);
        await wire.reply();
      }
      await wire.send(injected);
      const answer = await wire.line();
      if (answer === null || !/^(220|a OK|\+OK)/.test(answer)) continue; // it refused: that is right too
      try {
        await wire.startTls(caFile);
      } catch {
        continue; // cut off
      }
      await wire.send(after).catch(() => {});
      const said = await wire.rest(1000);
      strictEqual(said.split("\r\n").filter((line) => line !== "").length <= 1, true, said);
      ok(!/CAPABILITY|250-|UIDL|Sender/.test(said), said);
      wire.close();
    }
  }),
];

/** Sends until the server cuts it off; whatever it does then is right, as long as it goes on. */
async function flood(wire: Wire, piece: string, times: number): Promise<void> {
  try {
    for (let i = 0; i < times; i++) await wire.send(piece);
  } catch { /* cut off */ }
}
