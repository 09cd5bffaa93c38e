import { ok } from "node:assert/strict";
import { attack } from "../../hostile.ts";
import { Wire } from "../../wire.ts";

/** Too many, too slow, half open, and not even TLS. */
export const connections = [
  attack("500 connections at once are all greeted", async (palomar, serves) => {
    const { smtp, imap, pop3 } = palomar.ports;
    const wires = await Promise.all(
      Array.from({ length: 500 }, (_, i) => Wire.connect([smtp, imap, pop3][i % 3]!)),
    );
    const greetings = await Promise.all(wires.map((wire) => wire.line()));
    ok(greetings.every((line) => /^(220 |\* OK|\+OK)/.test(line ?? "")), greetings.join().slice(0, 200));
    await serves();
    for (const wire of wires) wire.close();
  }),
  attack("beyond the limit of connections an address is told so, and others' mail goes on when it lets go", async (
    palomar,
    serves,
  ) => {
    const wires: Wire[] = [];
    await serves();
    for (let i = 0; i < 20; i++) {
      const wire = await Wire.connect(palomar.ports.smtp);
      ok((await wire.line())?.startsWith("220"));
      wires.push(wire);
    }
    const refused = await Wire.connect(palomar.ports.smtp);
    ok((await refused.line())?.startsWith("421 "));
    refused.close();
    for (const wire of wires) {
      await wire.send("QUIT\r\n");
      await wire.closes();
      wire.close();
    }
    await serves();
  }, { config: { limits: { connectionsPerAddress: 20 }, abuse: { trusted: [] } } }),
  attack(
    "half-open and slow clients take no place from others and are closed in their time",
    async (palomar, serves) => {
      const { ports } = palomar;
      const slow = await Promise.all(
        Array.from({ length: 300 }, (_, i) => Wire.connect([ports.smtp, ports.imaps, ports.imap, ports.pop3s][i % 4]!)),
      );
      await Promise.all(slow.map((wire, i) => wire.send(i % 4 === 0 ? "E" : i % 4 === 2 ? "a" : "\x16")));
      await serves();
      const closed = await Promise.all(slow.map((wire) => wire.closes(15_000)));
      ok(closed.every((yes) => yes), `${closed.filter((yes) => !yes).length} of ${closed.length} were left open`);
      for (const wire of slow) wire.close();
    },
    {
      config: {
        limits: {
          loginTime: "3s",
          handshakeTime: "3s",
          smtpIdle: "3s",
          connectionsPerAddress: 5000,
          connectionRate: 1_000_000,
        },
      },
    },
  ),
  attack("garbage in place of a TLS handshake ends that connection only", async (palomar, serves) => {
    const { ports } = palomar;
    const junk = [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "EHLO x\r\n",
      "\x16\x03\x01\xff\xff" + "\x01".repeat(70_000),
      "\x80\x2e\x01\x00\x02" + "\0".repeat(500), // an SSL 2 hello
      "\x15\x03\x01\x00\x02\x02\x28", // an alert
      "\0".repeat(100_000),
    ];
    for (const text of junk) {
      for (const port of [ports.smtps, ports.imaps, ports.pop3s]) {
        const wire = await Wire.connect(port);
        const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
        await wire.send(bytes).catch(() => {});
        const half = text.startsWith("\x16") ? 35_000 : 5_000; // a handshake may be waited for
        ok(await wire.closes(half), `${JSON.stringify(text.slice(0, 20))} was left open`);
        wire.close();
      }
    }
    const upgraded = await Wire.connect(ports.imap);
    await upgraded.line();
    await upgraded.send("a STARTTLS\r\n");
    await upgraded.until("a OK");
    await upgraded.send("b LOGIN x y\r\n");
    ok(await upgraded.closes(5000));
    upgraded.close();
    await serves();
  }, { seconds: 150 }),
  attack("random octets on every port", async (palomar, serves) => {
    const { ports } = palomar;
    const words = [
      "EHLO x\r\n",
      "MAIL FROM:<",
      "RCPT TO:<a@hostile.test>\r\n",
      "a FETCH ",
      "DATA\r\n",
      "{10}\r\n",
      "\r\n.\r\n",
    ];
    const random = (below: number) => Math.floor(Math.random() * below);
    for (let i = 0; i < 300; i++) {
      const port = [ports.smtp, ports.submission, ports.lmtp, ports.imap, ports.pop3, ports.imaps][i % 6]!;
      const wire = await Wire.connect(port);
      try {
        for (let j = 0; j < 8; j++) {
          const noise = crypto.getRandomValues(new Uint8Array(random(200)));
          await wire.send(random(2) ? noise : words[random(words.length)]!);
        }
      } catch { /* cut off */ }
      wire.close();
    }
    await serves();
  }),
];
