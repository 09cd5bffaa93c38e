/** A plain SMTP client, to load a server and to see each of its answers. */
import type { Account } from "./palomar.ts";
import { Wire } from "./wire.ts";

/** A greeted connection to a port that takes mail without a login. */
export async function openSmtp(port: number): Promise<Wire> {
  const wire = await Wire.connect(port);
  await expectReply(wire, "220");
  await wire.send("EHLO outside.test\r\n");
  await expectReply(wire, "250");
  return wire;
}

/** Sends one message to one recipient; its text is ASCII with CRLF and without a leading dot. Throws for any refusal. */
export async function sendOver(wire: Wire, from: string, to: string, text: string): Promise<void> {
  await wire.send(`MAIL FROM:<${from}>\r\nRCPT TO:<${to}>\r\nDATA\r\n`); // RFC 2920: DATA is the last of a group
  await expectReply(wire, "250");
  await expectReply(wire, "250");
  await expectReply(wire, "354");
  await wire.send(`${text}\r\n.\r\n`);
  await expectReply(wire, "250");
}

/** Sends one message from outside and hangs up. */
export async function sendIn(port: number, to: Account | string, text: string, from = "x@outside.test"): Promise<void> {
  const wire = await openSmtp(port);
  try {
    await sendOver(wire, from, typeof to === "string" ? to : to.address, text);
  } finally {
    wire.close();
  }
}

/** The next reply, which must begin with this code. */
export async function expectReply(wire: Wire, code: string): Promise<void> {
  const reply = await wire.reply();
  if (!reply.startsWith(code)) throw new Error(`${code} was expected, not: ${reply}`);
}
